import type { ProviderProfile, RefreshTimingOptions } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import type { ClientEvent } from '../lib/events.ts'
import type { ServerHealthOptions } from '../grant/server-health.ts'
import type { ClientConfiguration } from '../protocol/registration.ts'
import type { LaterReason } from './refresh-if-due.ts'

/** What a keeper reports besides the events of the refreshes themselves. No secret in any. */
export type KeeperEvent =
  /** The store was looked through; `grants` are known now, `unkept` of them need no refresh. */
  | { readonly type: 'keeper-scanned'; readonly grants: number; readonly unkept: number }
  /** An authorization server, or the store behind its grants, is left alone for a while. */
  | {
      readonly type: 'keeper-paused'
      readonly issuer: string
      readonly because: LaterReason
      readonly untilEpochSeconds: number
    }
  /** Something failed that is tried again later. */
  | { readonly type: 'keeper-failed'; readonly issuer: string | undefined; readonly error: unknown }

/** Settings of `createKeeper`. */
export interface KeeperOptions {
  /** Refreshes of one authorization server's grants that this keeper runs at once. Default 8. */
  readonly maximumConcurrentRefreshes?: number | undefined
  /** Over what time the grants that are due at the start are spread. Default 60. */
  readonly startSpreadSeconds?: number | undefined
  /** How often the store is looked through for new sign-ins. Default 300. */
  readonly rescanSeconds?: number | undefined
  /**
   * The client as the sessions over this store have it. Without it, or where it names another
   * client ID, a grant is refreshed with the client secret of its sign-in, also after a rotation.
   */
  readonly client?: ClientConfiguration | undefined
  /** Used for every request to authorization servers. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** The longest a single request may take. Default 15,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
  readonly clock?: Clock | undefined
  /** Receives every event; those of refreshes also go to the diagnostics channel. */
  readonly observe?: ((event: ClientEvent | KeeperEvent) => void) | undefined
  /** When to refresh ahead of expiry; give sessions over the same store the same. */
  readonly timing?: RefreshTimingOptions | undefined
  readonly serverHealth?: ServerHealthOptions | undefined
  /** The profile of an authorization server, where the one chosen by issuer does not fit. */
  readonly profileFor?: ((issuer: string) => ProviderProfile | undefined) | undefined
  /** Numbers from 0 up to 1, for jitter. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** How a keeper is doing. Nothing secret in it. */
export interface KeeperStats {
  readonly running: boolean
  /** Grants known to this keeper. */
  readonly grants: number
  /** Those of them that nobody can or need refresh now: ended, signed out, or without expiry. */
  readonly unkept: number
  /** Since the keeper was made: refresh requests of its own that brought tokens. */
  readonly refreshed: number
  /** Since the keeper was made: refreshes that somebody else had done when their turn came. */
  readonly adopted: number
  /** Since the keeper was made: attempts that are to be repeated later. */
  readonly postponed: number
  readonly servers: readonly KeeperServerStats[]
}

/** How one authorization server's grants are doing. */
export interface KeeperServerStats {
  readonly issuer: string
  readonly queued: number
  readonly refreshing: number
  readonly nextDueAtEpochSeconds: number | undefined
  /** Present while the server is left alone. */
  readonly pausedUntilEpochSeconds?: number
}

/** Keeps the grants of a store fresh in the background. */
export interface Keeper {
  /**
   * Looks through the store and begins to refresh. Resolves when every grant is known; refreshes
   * go on from the first one. Safe to call twice.
   *
   * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE` where the store cannot be read.
   */
  start(): Promise<void>
  /** Begins nothing more, and resolves when the refreshes under way are done and saved. */
  stop(): Promise<void>
  /** Begins what is due now, and resolves when nothing is under way. */
  whenIdle(): Promise<void>
  stats(): KeeperStats
}
