import type { ProviderProfile, RefreshTimingOptions } from '@evergrant/core'
import type { ServerHealthOptions } from '../grant/server-health.ts'
import type { Clock } from '../lib/clock.ts'
import type { ClientEvent } from '../lib/events.ts'
import type { ClientConfiguration } from '../protocol/registration.ts'
import type { LaterReason } from './refresh-if-due.ts'

/** An event of the refresh worker, in addition to the events of its refreshes. It has no secret. */
export type RefreshWorkerEvent =
  /** The store was scanned. `grants` are known now; `inactive` of them need no refresh. */
  | {
      readonly type: 'refresh-worker-scanned'
      readonly grants: number
      readonly inactive: number
    }
  /** The worker is backing off from an authorization server, or from the store of its grants. */
  | {
      readonly type: 'refresh-worker-paused'
      readonly issuer: string
      readonly because: LaterReason
      readonly untilEpochSeconds: number
    }
  /** An operation failed. The worker tries again later. */
  | {
      readonly type: 'refresh-worker-failed'
      readonly issuer: string | undefined
      readonly error: unknown
    }

/** Options of `createRefreshWorker`. */
export interface RefreshWorkerOptions {
  /** How many grants of one authorization server are refreshed at once. Default 8. */
  readonly maximumConcurrentRefreshes?: number | undefined
  /** The period over which grants that are due at the start are spread. Default 60. */
  readonly startSpreadSeconds?: number | undefined
  /** How often the store is scanned for new sign-ins. Default 300. */
  readonly rescanSeconds?: number | undefined
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

/** The state of a refresh worker. It has no secret. */
export interface RefreshWorkerStats {
  readonly running: boolean
  /** How many grants the worker knows. */
  readonly grants: number
  /** How many of them are not refreshed: they need the user, are signed out, or do not expire. */
  readonly inactive: number
  /** How many refresh requests of this worker returned tokens, since it was created. */
  readonly refreshed: number
  /** How many refreshes another process had already done, since this worker was created. */
  readonly adopted: number
  /** How many attempts are repeated later, since this worker was created. */
  readonly postponed: number
  readonly servers: readonly RefreshWorkerServerStats[]
}

/** The state of the grants of one authorization server. */
export interface RefreshWorkerServerStats {
  readonly issuer: string
  readonly queued: number
  readonly refreshing: number
  readonly nextDueAtEpochSeconds: number | undefined
  /** Present while the worker is backing off from this server. */
  readonly pausedUntilEpochSeconds?: number
}

/** Refreshes the grants of a store in the background. */
export interface RefreshWorker {
  /**
   * Scans the store and starts to refresh. Resolves when every grant is known; refreshes start
   * before that. Safe to call twice.
   *
   * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE` if the store cannot be read.
   */
  start(): Promise<void>
  /** Starts no more refreshes, and resolves when the running ones are finished and saved. */
  stop(): Promise<void>
  /** Starts every refresh that is due now, and resolves when no work is running. */
  whenIdle(): Promise<void>
  stats(): RefreshWorkerStats
}
