import type { Adapter, AdapterPayload } from 'oidc-provider'
import type { RefreshTokenStore } from '../rotation/refresh-token-store.ts'
import { createArtifactAdapter } from './artifact-adapter.ts'
import type { ArtifactAdapterDependencies } from './artifact-adapter.ts'
import type { ArtifactStore } from './artifact-store.ts'
import { asClientAdapter, keepingRegistration } from './registrations.ts'
import type { RegistrationDependencies } from './registrations.ts'
import { createReplayAdapter } from './replay-adapter.ts'

/** Where the binding keeps its state. */
export interface RefreshTokenBindingStores {
  readonly artifacts: ArtifactStore
  readonly refreshTokens: RefreshTokenStore<AdapterPayload>
}

/** Chooses the storage for each model of the engine. */
export function adapterFor(
  model: string,
  refreshTokens: Adapter,
  dependencies: ArtifactAdapterDependencies & RegistrationDependencies,
): Adapter {
  if (model === 'RefreshToken') return refreshTokens
  if (model === 'ReplayDetection') return createReplayAdapter(dependencies)
  const adapter = createArtifactAdapter(model, dependencies)
  if (model === 'Client') return asClientAdapter(adapter, dependencies)
  if (model === 'Grant') return keepingRegistration(adapter, dependencies)
  return adapter
}

/** Models that end with their grant. */
const grantModels = ['AccessToken', 'AuthorizationCode'] as const

/** Deletes a grant with everything issued under it. */
export async function endGrant(
  { artifacts, refreshTokens }: RefreshTokenBindingStores,
  grantId: string,
): Promise<void> {
  await Promise.all([
    refreshTokens.revokeFamily(grantId),
    artifacts.delete('Grant', grantId),
    ...grantModels.map(async (model) => await artifacts.deleteByGrant(model, grantId)),
  ])
}
