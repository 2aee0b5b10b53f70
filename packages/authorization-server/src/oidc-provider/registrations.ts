import { isClientIdMetadataUrl } from '@evergrant/core'
import { errors } from 'oidc-provider'
import type { Adapter } from 'oidc-provider'
import type { ArtifactStore } from './artifacts.ts'
import { withHashedClientSecret } from './client-secrets.ts'

/** How long a registration is kept that nobody signs in with. */
export const defaultUnusedRegistrationSeconds: number = 7 * 86_400

export interface RegistrationDependencies {
  readonly artifacts: ArtifactStore
  readonly unusedRegistrationSeconds: number
  readonly nowEpochSeconds: () => number
  /** Whether the engine knows a client, from its configuration say. */
  readonly isKnown: (clientId: string) => Promise<boolean>
}

/**
 * Stores registrations with an end and without the secret. A grant moves the end, see
 * {@link keepingRegistration}; a client that comes after it is one that never registered.
 */
export function asClientAdapter(
  adapter: Adapter,
  { artifacts, unusedRegistrationSeconds, nowEpochSeconds }: RegistrationDependencies,
): Adapter {
  return {
    ...adapter,
    async upsert(id, payload) {
      await adapter.upsert(id, withHashedClientSecret(payload), unusedRegistrationSeconds)
    },
    async find(id) {
      const artifact = await artifacts.find('Client', id)
      const end = artifact?.expiresAtEpochSeconds ?? Number.POSITIVE_INFINITY
      return end > nowEpochSeconds() ? artifact?.payload : undefined
    },
  }
}

/**
 * Stores a grant only after the registration of its client is sure to outlive it. A crash between
 * the two leaves a registration that is kept for longer than it is needed, and never a grant whose
 * client is gone.
 */
export function keepingRegistration(
  adapter: Adapter,
  dependencies: RegistrationDependencies,
): Adapter {
  const { artifacts, unusedRegistrationSeconds, nowEpochSeconds, isKnown } = dependencies
  return {
    ...adapter,
    async upsert(id, payload, expiresIn) {
      const { clientId } = payload
      if (clientId !== undefined) {
        const end =
          expiresIn === undefined
            ? Number.MAX_SAFE_INTEGER
            : nowEpochSeconds() + expiresIn + unusedRegistrationSeconds
        const isRegistered = await artifacts.extend('Client', clientId, end)
        // Clients of the configuration and of metadata documents are not stored.
        if (!isRegistered && !isClientIdMetadataUrl(clientId) && !(await isKnown(clientId))) {
          throw new errors.InvalidClient('the registration of the client has expired')
        }
      }
      await adapter.upsert(id, payload, expiresIn)
    },
  }
}
