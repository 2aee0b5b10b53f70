import type { RefreshTiming, RefreshTimingOptions } from '@evergrant/core'
import { decideRefresh } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import type { Grant } from './grant.ts'

/** Decides what to do with the access token of a grant now. One without tokens has expired. */
export type Freshness = (grant: Grant) => RefreshTiming['action']

/**
 * The decision of {@link decideRefresh}, cached for the last grant. Most calls need two comparisons.
 */
export function tokenFreshness(clock: Clock, timing: RefreshTimingOptions): Freshness {
  /** The period in which the token of a grant is fresh. */
  let fresh:
    | {
        readonly grant: Grant
        readonly fromEpochSeconds: number
        readonly untilEpochSeconds: number
      }
    | undefined

  return function actionFor(grant) {
    const now = clock.nowEpochSeconds()
    if (
      fresh !== undefined &&
      fresh.grant === grant &&
      now >= fresh.fromEpochSeconds &&
      now < fresh.untilEpochSeconds
    ) {
      return 'fresh'
    }
    if (grant.tokenSet === undefined) return 'expired'
    // A refresh token that the server refused is as good as none: the access token is the last one.
    const tokenSet =
      grant.state === 'active' ? grant.tokenSet : { ...grant.tokenSet, refreshToken: undefined }
    const { action, refreshDueAtEpochSeconds } = decideRefresh(tokenSet, now, timing)
    const end = refreshDueAtEpochSeconds ?? tokenSet.expiresAtEpochSeconds
    if (action === 'fresh' && end !== undefined) {
      // A token that is fresh at both ends of a period is fresh throughout.
      const untilEpochSeconds = end - 0.001
      const throughout = decideRefresh(tokenSet, untilEpochSeconds, timing).action === 'fresh'
      fresh = throughout ? { grant, fromEpochSeconds: now, untilEpochSeconds } : undefined
    }
    return action
  }
}
