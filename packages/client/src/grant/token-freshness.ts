import type { RefreshTiming, RefreshTimingOptions, TokenSet } from '@evergrant/core'
import { decideRefresh } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'

/** Decides what to do with a token set now. */
export type Freshness = (tokenSet: TokenSet) => RefreshTiming['action']

/**
 * The decision of {@link decideRefresh}, cached for the last token set. Most calls need two
 * comparisons.
 */
export function tokenFreshness(clock: Clock, timing: RefreshTimingOptions): Freshness {
  /** The period in which a token set is fresh. */
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
      // A token set that is fresh at both ends of a period is fresh throughout.
      const untilEpochSeconds = due - 0.001
      const throughout = decideRefresh(tokenSet, untilEpochSeconds, timing).action === 'fresh'
      fresh = throughout ? { tokenSet, fromEpochSeconds: now, untilEpochSeconds } : undefined
    }
    return action
  }
}
