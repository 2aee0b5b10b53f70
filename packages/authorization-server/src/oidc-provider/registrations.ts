import { isClientIdMetadataUrl } from '@evergrant/core'
import { errors } from 'oidc-provider'
import type { Adapter } from 'oidc-provider'
import type { ArtifactStore } from './artifacts.ts'
import { withHashedClientSecret } from './client-secrets.ts'

/** How long an unused registration is kept. */
export const defaultUnusedRegistrationSeconds: number = 7 * 86_400

export interface RegistrationDependencies {
  readonly artifacts: ArtifactStore
  readonly unusedRegistrationSeconds: number
  readonly nowEpochSeconds: () => number
  /** Whether the engine knows a client, from its configuration say. */
  readonly isKnown: (clientId: string) => Promise<boolean>
}

/**
 * Stores registrations with an expiry, and with a hash in place of the secret. A grant extends them
 * ({@link keepingRegistration}). An expired registration is unknown, whether it was swept or not.
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
 * Extends the registration of a client beyond the grant before it stores the grant. A crash between
 * the two leaves a registration that lives longer than needed, never a grant without its client.
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
