import type { Clock } from '../lib/clock.ts'

/** Limits for one authorization server, over all workers. */
export interface ServerLimits {
  readonly maximumConcurrentRefreshes: number
  /** `Infinity`: no limit. */
  readonly maximumRefreshesPerSecond: number
}

/** When the next request may be sent, if the number of requests per second is limited. */
export interface RequestPace {
  nextEpochSeconds(): number
  /** @param granted - How many places this worker has. */
  started(granted: number): void
}

/** All workers together keep the limit: each paces its part of the places. */
export function requestPace(limits: ServerLimits, clock: Clock): RequestPace {
  let nextEpochSeconds = 0
  return {
    nextEpochSeconds: () => nextEpochSeconds,
    started(granted) {
      const part = granted / limits.maximumConcurrentRefreshes
      const perSecond = limits.maximumRefreshesPerSecond * part
      if (!Number.isFinite(perSecond) || perSecond <= 0) return
      nextEpochSeconds = Math.max(clock.nowEpochSeconds(), nextEpochSeconds) + 1 / perSecond
    },
  }
}
