import type { RefreshTiming, RefreshTimingOptions, TokenSet } from '@evergrant/core'
import { decideRefresh } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'

/** Says what to do with a token set now. */
export type Freshness = (tokenSet: TokenSet) => RefreshTiming['action']

/**
 * The decision of {@link decideRefresh}, remembered for the token set that was asked about last:
 * most calls end with two comparisons.
 */
export function tokenFreshness(clock: Clock, timing: RefreshTimingOptions): Freshness {
  /** A span of time over which a token set is fresh. */
  let fresh:
    | {
        readonly tokenSet: TokenSet
        readonly fromEpochSeconds: number
        readonly untilEpochSeconds: number
      }
    | undefined

  return function actionFor(tokenSet) {
    const now = clock.nowEpochSeconds()
    if (
      fresh !== undefined &&
      fresh.tokenSet === tokenSet &&
      now >= fresh.fromEpochSeconds &&
      now < fresh.untilEpochSeconds
    ) {
      return 'fresh'
    }
    const { action, refreshDueAtEpochSeconds: due } = decideRefresh(tokenSet, now, timing)
    if (action === 'fresh' && due !== undefined) {
      // Fresh at both ends is fresh in between: what makes a token stale does not come and go.
      const untilEpochSeconds = due - 0.001
      const throughout = decideRefresh(tokenSet, untilEpochSeconds, timing).action === 'fresh'
      fresh = throughout ? { tokenSet, fromEpochSeconds: now, untilEpochSeconds } : undefined
    }
    return action
  }
}
