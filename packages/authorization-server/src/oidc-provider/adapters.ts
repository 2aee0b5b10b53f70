import type { Adapter, AdapterPayload } from 'oidc-provider'
import type { RefreshTokenStore } from '../rotation/refresh-token-store.ts'
import { createArtifactAdapter } from './artifact-adapter.ts'
import type { ArtifactAdapterDependencies } from './artifact-adapter.ts'
import type { ArtifactStore } from './artifact-store.ts'
import { asClientAdapter, keepingRegistration } from './registrations.ts'
import type { RegistrationDependencies } from './registrations.ts'
import { createReplayAdapter } from './replay-adapter.ts'
import type { FindForRefresh, RefreshReads } from './stored-for-refresh.ts'

/** Where the binding keeps its state. */
export interface RefreshTokenBindingStores {
  readonly artifacts: ArtifactStore
  readonly refreshTokens: RefreshTokenStore<AdapterPayload>
  /**
   * Saves two round trips of each refresh, over a database that can read from both stores in one
   * statement. Without it, the binding reads the client, the token and the grant one after the other.
   */
  readonly findForRefresh?: FindForRefresh | undefined
}

/** Chooses the storage for each model of the engine. */
export function adapterFor(
  model: string,
  refreshTokens: Adapter,
  dependencies: ArtifactAdapterDependencies & RegistrationDependencies,
  reads: RefreshReads,
): Adapter {
  if (model === 'RefreshToken') return refreshTokens
  if (model === 'ReplayDetection') return createReplayAdapter(dependencies)
  const adapter = createArtifactAdapter(model, dependencies)
  if (model === 'Client') return asClientAdapter(adapter, dependencies, reads)
  if (model === 'Grant') return keepingRegistration(readingOnce(adapter, reads), dependencies)
  return adapter
}

/** Finds the grant of a refresh in what the request has read. */
function readingOnce(adapter: Adapter, reads: RefreshReads): Adapter {
  return {
    ...adapter,
    async find(id) {
      const read = reads.grant(id)
      if (read === undefined) return await adapter.find(id)
      return read.found === undefined ? undefined : { ...read.found.payload, jti: id }
    },
  }
}

/** Models that end with their grant. */
const grantModels = ['AccessToken', 'AuthorizationCode', 'DeviceCode'] as const

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
