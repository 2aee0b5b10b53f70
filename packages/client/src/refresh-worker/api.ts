import type { RefreshTimingOptions } from '@evergrant/core'
import type { ProviderProfile } from '@evergrant/core/providers'
import type { ServerHealthOptions } from '../grant/server-health.ts'
import type { Clock } from '../lib/clock.ts'
import type { ClientEvent } from '../lib/events.ts'
import type { ClientConfiguration } from '../protocol/registration.ts'
import type { DueBacklog } from '../stores/due.ts'
import type { NeedsReauthNotice } from './needs-reauth-notice.ts'
import type { LaterReason } from './refresh-due-grant.ts'

/** An event of the refresh worker, in addition to the events of its refreshes. It has no secret. */
export type RefreshWorkerEvent =
  /** The worker took due grants from the store. */
  | {
      readonly type: 'refresh-worker-claimed'
      readonly grants: number
      /** How long the most overdue of them had been due, in seconds. */
      readonly lateSeconds: number
    }
  /** The worker is backing off from an authorization server, or from the store of its grants. */
  | {
      readonly type: 'refresh-worker-paused'
      readonly issuer: string
      readonly because: LaterReason
      readonly untilEpochSeconds: number
    }
  /** The host received the notice that a grant needs the user. */
  | { readonly type: 'refresh-worker-notified'; readonly issuer: string; readonly attempt: number }
  /** The host did not receive a notice. It is delivered again later. */
  | {
      readonly type: 'refresh-worker-notice-failed'
      readonly issuer: string
      readonly attempt: number
      readonly retryAfterSeconds: number
      readonly error: unknown
    }
  /** An operation failed. The worker tries again later. */
  | {
      readonly type: 'refresh-worker-failed'
      readonly issuer: string | undefined
      readonly error: unknown
    }

/** Options of `createRefreshWorker`. */
export interface RefreshWorkerOptions {
  /**
   * How many grants of one authorization server all workers over the store refresh at once. Use the
   * same value for all of them. Default 32.
   */
  readonly maximumConcurrentRefreshes?: number | undefined
  /**
   * How many requests per second all workers over the store send to one authorization server. Use the
   * same value for all of them. Default: no limit.
   */
  readonly maximumRefreshesPerSecond?: number | undefined
  /** How many grants this worker works on at once, of all authorization servers. Default 256. */
  readonly maximumInFlight?: number | undefined
  /** How often, at least, the worker asks the store for due grants, in seconds. Default 2. */
  readonly pollSeconds?: number | undefined
  /**
   * Receives, at least once, each grant that needs the user. Resolve when the host has stored the
   * notice. If it rejects, it is called again later, also by another worker. An error with a number
   * `retryAfterSeconds` says when.
   *
   * Without it, this worker leaves the notices to workers that have it. It drops a notice that is
   * older than a week.
   */
  readonly onNeedsReauth?: ((notice: NeedsReauthNotice) => Promise<void>) | undefined
  /**
   * The client as you configure it for the sessions over this store. Without it, or if it has
   * another client ID, a grant is refreshed with the client secret of its sign-in, even after the
   * secret was rotated.
   */
  readonly client?: ClientConfiguration | undefined
  /** Sends every request to authorization servers. Default: the `fetch` of the runtime. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** The longest that a request may take. Default 15,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
  readonly clock?: Clock | undefined
  /** Receives every event. Events of refreshes also go to the diagnostics channel. */
  readonly observe?: ((event: ClientEvent | RefreshWorkerEvent) => void) | undefined
  /** When to refresh ahead of expiry. Use the same value for the sessions over this store. */
  readonly timing?: RefreshTimingOptions | undefined
  readonly serverHealth?: ServerHealthOptions | undefined
  /** Chooses the profile of an authorization server. Default: the profile for its issuer. */
  readonly profileFor?: ((issuer: string) => ProviderProfile | undefined) | undefined
  /** Returns numbers from 0 up to 1, for jitter. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** The state of a refresh worker. It has no secret. The counts are since it was created. */
export interface RefreshWorkerStats {
  readonly running: boolean
  /** How many grants it works on now. */
  readonly inFlight: number
  /** How many refresh requests of this worker returned tokens. */
  readonly refreshed: number
  /** How many due refreshes another process had already done. */
  readonly adopted: number
  /**
   * How often a due grant was put off: its server, the store or the host was not ready, or its budget
   * was used.
   */
  readonly postponed: number
  /** How many notices the host received from this worker. */
  readonly notified: number
  /** The authorization servers with work under way, or that the worker is backing off from. */
  readonly servers: readonly RefreshWorkerServerStats[]
}

/** The state of the grants of one authorization server in this worker. */
export interface RefreshWorkerServerStats {
  readonly issuer: string
  readonly refreshing: number
  /** How many due grants wait for a place in the budget. */
  readonly waiting: number
  /** Present while the worker is backing off from this server. */
  readonly pausedUntilEpochSeconds?: number
}

/** Refreshes the grants of a store in the background. */
export interface RefreshWorker {
  /**
   * Starts to refresh. Resolves when the store has returned the first due grants. Safe to call twice.
   *
   * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE` if the store cannot be used.
   */
  start(): Promise<void>
  /** Starts no more refreshes, and resolves when the running ones are finished and saved. */
  stop(): Promise<void>
  /** Starts every refresh that is due now, and resolves when no work is running. */
  whenIdle(): Promise<void>
  stats(): RefreshWorkerStats
  /**
   * Counts the due grants in the store, for all workers.
   *
   * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`
   */
  backlog(): Promise<DueBacklog>
}
