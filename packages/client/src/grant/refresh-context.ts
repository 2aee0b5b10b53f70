import type { RefreshTimingOptions } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import type { Observer, RefreshReason } from '../lib/events.ts'
import type { GrantRepository } from './grant-repository.ts'
import type { RefreshExchange } from './refresh-exchange.ts'
import type { DiscardTokens } from './save-token-set.ts'
import type { ServerHealthRecord } from './server-health.ts'

/**
 * The steps of a transaction, in order. A fault harness stops or kills the process at each.
 */
export type RefreshStep =
  | 'before-lock'
  | 'locked'
  | 'read'
  | 'journaled'
  | 'answered'
  | 'saved'
  | 'released'

/** What a transaction works on and with. */
export interface RefreshContext {
  readonly repository: GrantRepository
  readonly health: ServerHealthRecord
  readonly exchange: RefreshExchange
  readonly clock: Clock
  readonly observe: Observer
  /** Gets rid of tokens that came for a grant that was signed out meanwhile (C-57). */
  readonly discard?: DiscardTokens | undefined
  /** How long to wait for the lock before the answer is `lock-busy`. */
  readonly lockWaitMilliseconds: number
  /** When a token counts as due and as expired. */
  readonly timing: RefreshTimingOptions
  /** Called at every step; a test stops the world here. */
  readonly atStep?: ((step: RefreshStep) => void | Promise<void>) | undefined
}

/** What the caller knows and wants. */
export interface RefreshRequest {
  readonly reason: RefreshReason
  /** The access token that a resource answered with 401 (C-54). */
  readonly rejectedAccessToken?: string | undefined
}
