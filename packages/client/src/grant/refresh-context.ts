import type { RefreshTimingOptions } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import type { Observer, RefreshReason } from '../lib/events.ts'
import type { RecordStore } from '../stores/store.ts'
import type { GrantIdentity } from './grant.ts'
import { grantId, jitterKeyOf } from './grant.ts'
import type { GrantRepository, StoredGrant } from './grant-repository.ts'
import { grantRepository } from './grant-repository.ts'
import type { RefreshExchange } from './refresh-exchange.ts'
import type { DiscardTokens } from './save-token-set.ts'
import type { ServerHealthOptions, ServerHealthRecord } from './server-health.ts'
import { serverHealthRecord } from './server-health.ts'

/** What a refresh transaction needs. */
export interface RefreshContext {
  readonly repository: GrantRepository
  readonly health: ServerHealthRecord
  readonly exchange: RefreshExchange
  readonly clock: Clock
  readonly observe: Observer
  /** Discards tokens that arrived after the user signed out (C-57). */
  readonly discard?: DiscardTokens | undefined
  /** How long to wait for the lock before the outcome is `lock-busy`. */
  readonly lockWaitMilliseconds: number
  /** The longest that `exchange` takes. */
  readonly requestTimeoutMilliseconds: number
  /** When a token counts as due and as expired. */
  readonly timing: RefreshTimingOptions
}

/** What a {@link RefreshContext} is made from. */
export interface RefreshContextOptions extends Pick<
  RefreshContext,
  'exchange' | 'clock' | 'observe' | 'discard'
> {
  readonly store: RecordStore
  /** The ID of the grant, if it is known already. */
  readonly grantId?: string | undefined
  /** Default 10,000. */
  readonly lockWaitMilliseconds?: number | undefined
  /** Default 15,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
  readonly timing?: RefreshTimingOptions | undefined
  readonly serverHealth?: ServerHealthOptions | undefined
}

/** How long a caller waits for the refresh of another process, or for a connection to lock with. */
const defaultLockWaitMilliseconds = 10_000
const defaultRequestTimeoutMilliseconds = 15_000

/** Assembles what refreshing one grant needs. */
export async function refreshContext(
  identity: GrantIdentity,
  options: RefreshContextOptions,
): Promise<RefreshContext> {
  const { store, exchange, clock, observe, discard, serverHealth } = options
  const id = options.grantId ?? (await grantId(identity))
  const timing = { ...options.timing, jitterKey: jitterKeyOf(id) }
  return {
    repository: grantRepository(identity, id, { store, clock, timing }),
    health: await serverHealthRecord(store, identity.issuer, clock, serverHealth),
    exchange,
    clock,
    observe,
    discard,
    lockWaitMilliseconds: options.lockWaitMilliseconds ?? defaultLockWaitMilliseconds,
    requestTimeoutMilliseconds:
      options.requestTimeoutMilliseconds ?? defaultRequestTimeoutMilliseconds,
    timing,
  }
}

/** Why a refresh is requested. */
export interface RefreshRequest {
  readonly reason: RefreshReason
  /** The access token that a resource answered with 401 (C-54). */
  readonly rejectedAccessToken?: string | undefined
  /**
   * The grant as it was read just before. Used instead of reading it under the lock, unless it holds
   * a journal: the journal of this refresh is written only if the grant is still the stored one.
   */
  readonly known?: StoredGrant | undefined
}
