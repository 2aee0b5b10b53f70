/** Limits how much this server asks of others, whoever makes it ask. */
export interface FetchBudget {
  /** To be called when the fetch is over; `undefined` where it must not begin. */
  take(url: string): (() => void) | undefined
}

/** Options of {@link createFetchBudget}. */
export interface FetchBudgetOptions {
  readonly concurrent: number
  readonly perHostAndMinute: number
  readonly nowEpochSeconds: () => number
}

/** Counts by host in fixed windows of a minute. The map is as long as a minute's fetches. */
export function createFetchBudget(options: FetchBudgetOptions): FetchBudget {
  let running = 0
  let windowStart = Number.NEGATIVE_INFINITY
  const byHost = new Map<string, number>()
  return {
    take(url) {
      const now = options.nowEpochSeconds()
      // A clock that was set back begins a window too: it must not hold anybody up.
      if (now - windowStart >= 60 || now < windowStart) {
        windowStart = now
        byHost.clear()
      }
      const { host } = new URL(url)
      const fetched = byHost.get(host) ?? 0
      if (running >= options.concurrent || fetched >= options.perHostAndMinute) return undefined
      byHost.set(host, fetched + 1)
      running += 1
      return () => {
        running -= 1
      }
    },
  }
}
