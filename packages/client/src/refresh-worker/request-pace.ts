import type { Clock } from '../lib/clock.ts'

/** Limits for one authorization server, over all workers. */
export interface ServerLimits {
  readonly maximumConcurrentRefreshes: number
  /** `Infinity`: no limit. */
  readonly maximumRefreshesPerSecond: number
}

/** When the next request may be sent, if the number of requests per second is limited. */
export interface RequestPace {
  /** @param granted - How many places this worker has now. */
  nextEpochSeconds(granted: number): number
  started(): void
}

/** Timers are not exact. The requests of this period may be sent together. */
const burstSeconds = 0.1
/** Sums of fractions are not exact. */
const tolerance = 1e-6

/** All workers together keep the limit: each paces its part of the places. */
export function requestPace(limits: ServerLimits, clock: Clock): RequestPace {
  const isLimited = Number.isFinite(limits.maximumRefreshesPerSecond)
  /** How many requests may be sent now. */
  let allowed = 1
  let atEpochSeconds = clock.nowEpochSeconds()
  return {
    nextEpochSeconds(granted) {
      const now = clock.nowEpochSeconds()
      if (!isLimited) return now
      const part = granted / limits.maximumConcurrentRefreshes
      const perSecond = limits.maximumRefreshesPerSecond * part
      const most = Math.max(1, perSecond * burstSeconds)
      allowed = Math.min(most, allowed + (now - atEpochSeconds) * perSecond)
      atEpochSeconds = now
      return allowed >= 1 - tolerance ? now : now + (1 - allowed) / perSecond
    },
    started() {
      if (isLimited) allowed -= 1
    },
  }
}
