import type { ServerLimits } from './request-pace.ts'

const shortestDelaySeconds = 1
const longestDelaySeconds = 60
/** The grants that wait for a server that was unavailable come back over this period, or a longer one. */
const shortestSpreadSeconds = 2
/** The share of the expected time after which grants are looked at again, so that no place stays free. */
const optimism = 0.5
const usualRefreshSeconds = 0.5
/** The weight of the last refresh in the moving average. */
const weight = 0.1

/** For how long due grants are put off if too many others are under way at their server. */
export interface Postponements {
  /** Each further grant is put off for longer, about until the server has finished those before. */
  whenFull(granted: number): number
  queueIsEmpty(): void
  pauseBegins(): void
  /**
   * How long after the end of a pause a grant comes back: one at once, to try the server, and the
   * others later.
   */
  afterPause(): number
  /** A refresh or a delivery has ended. */
  tookSeconds(seconds: number): void
}

export function postponements(limits: ServerLimits, random: () => number): Postponements {
  let averageSeconds = usualRefreshSeconds
  let sinceEmpty = 0
  let inPause = 0

  /** How long that many refreshes take. */
  function expectedSeconds(refreshes: number, places: number): number {
    const perSecond = Math.max(1, places) / averageSeconds
    return refreshes / Math.min(perSecond, limits.maximumRefreshesPerSecond)
  }

  return {
    whenFull(granted) {
      sinceEmpty += 1
      const expected = expectedSeconds(sinceEmpty, granted)
      const delay = Math.max(shortestDelaySeconds, optimism * expected)
      return Math.min(longestDelaySeconds, delay) * (1 + random() / 2)
    },
    queueIsEmpty() {
      sinceEmpty = 0
    },
    pauseBegins() {
      inPause = 0
    },
    afterPause() {
      inPause += 1
      const expected = expectedSeconds(inPause, limits.maximumConcurrentRefreshes)
      const spread = Math.max(shortestSpreadSeconds, optimism * expected)
      return inPause === 1 ? 0 : random() * Math.min(longestDelaySeconds, spread)
    },
    tookSeconds(seconds) {
      averageSeconds = (1 - weight) * averageSeconds + weight * Math.max(0.01, seconds)
    },
  }
}
