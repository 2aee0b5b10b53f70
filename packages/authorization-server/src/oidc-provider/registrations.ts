import { isClientIdMetadataUrl } from '@evergrant/core/registration'
import { errors } from 'oidc-provider'
import type { Adapter } from 'oidc-provider'
import type { Clock } from '../lib/clock.ts'
import type { ArtifactStore } from './artifact-store.ts'
import { withHashedClientSecret } from './client-secrets.ts'
import type { RefreshReads } from './stored-for-refresh.ts'

/** How long an unused registration is kept. */
export const defaultUnusedRegistrationSeconds: number = 7 * 86_400

export interface RegistrationDependencies {
  readonly artifacts: ArtifactStore
  readonly unusedRegistrationSeconds: number
  readonly clock: Clock
  /** Whether the engine knows a client, for example from its configuration. */
  readonly isKnown: (clientId: string) => Promise<boolean>
}

/**
 * Stores registrations with an expiry, and with a hash in place of the secret. A grant extends them
 * ({@link keepingRegistration}). An expired registration is unknown, whether it was swept or not.
 */
export function asClientAdapter(
  adapter: Adapter,
  { artifacts, unusedRegistrationSeconds, clock }: RegistrationDependencies,
  reads: RefreshReads,
): Adapter {
  return {
    ...adapter,
    async upsert(id, payload) {
      await adapter.upsert(id, withHashedClientSecret(payload), unusedRegistrationSeconds)
    },
    async find(id) {
      const read = await reads.client(id)
      const artifact = read === undefined ? await artifacts.find('Client', id) : read.found
      const expiry = artifact?.expiresAtEpochSeconds ?? Number.POSITIVE_INFINITY
      return expiry > clock.nowEpochSeconds() ? artifact?.payload : undefined
    },
  }
}

/**
 * Before it stores a grant, extends the registration of the client beyond the grant. A crash between
 * the two leaves a registration that lives longer than needed, never a grant without its client.
 */
export function keepingRegistration(
  adapter: Adapter,
  { artifacts, unusedRegistrationSeconds, clock, isKnown }: RegistrationDependencies,
): Adapter {
  return {
    ...adapter,
    async upsert(id, payload, expiresIn) {
      const { clientId } = payload
      if (clientId !== undefined) {
        const expiry =
          expiresIn === undefined
            ? Number.MAX_SAFE_INTEGER
            : clock.nowEpochSeconds() + expiresIn + unusedRegistrationSeconds
        const isRegistered = await artifacts.extend('Client', clientId, expiry)
        // Configured clients and clients with a metadata document are not stored.
        if (!isRegistered && !isClientIdMetadataUrl(clientId) && !(await isKnown(clientId))) {
          throw new errors.InvalidClient('the registration of the client has expired')
        }
      }
      await adapter.upsert(id, payload, expiresIn)
    },
  }
}
