/** Limits how much this server asks of others, whoever makes it ask. */
export interface FetchBudget {
  /**
   * Resolves when the fetch may begin, to what must be called when it is over; to `undefined` where
   * it must not begin. Waits for at most the fetches that are running, so no longer than one lasts.
   */
  take(url: string): Promise<(() => void) | undefined>
}

/** Options of {@link createFetchBudget}. */
export interface FetchBudgetOptions {
  readonly concurrent: number
  /** Of `concurrent`, and of as many that wait, how many may be one requester's. */
  readonly concurrentPerRequester: number
  readonly perHostAndMinute: number
  /** Whom the fetch that begins now is for; `undefined`: not known, and no share applies. */
  readonly requester: () => string | undefined
  readonly nowEpochSeconds: () => number
}

interface Waiting {
  readonly requester: string | undefined
  readonly start: () => void
}

/**
 * Shares the concurrent fetches among requesters, so that one who names hosts that stay silent
 * holds up only their own. What goes beyond the share waits, and what goes beyond that is refused.
 */
export function createFetchBudget(options: FetchBudgetOptions): FetchBudget {
  const { concurrent, concurrentPerRequester } = options
  const countHost = createHostCounts(options)
  const runningBy = new Map<string | undefined, number>()
  let running = 0
  let waiting: readonly Waiting[] = []

  const runningOf = (requester: string | undefined) => runningBy.get(requester) ?? 0
  const hasShareLeft = (requester: string | undefined) =>
    requester === undefined || runningOf(requester) < concurrentPerRequester

  function start(requester: string | undefined): () => void {
    running += 1
    runningBy.set(requester, runningOf(requester) + 1)
    return () => {
      running -= 1
      const left = runningOf(requester) - 1
      if (left > 0) runningBy.set(requester, left)
      else runningBy.delete(requester)
      startNext()
    }
  }

  /** Who has the fewest running goes first. */
  function startNext(): void {
    if (running >= concurrent) return
    const [next] = waiting
      .filter(({ requester }) => hasShareLeft(requester))
      .toSorted((a, b) => runningOf(a.requester) - runningOf(b.requester))
    if (next === undefined) return
    waiting = waiting.filter((one) => one !== next)
    next.start()
  }

  return {
    async take(url) {
      const requester = options.requester()
      const mayStart = running < concurrent && hasShareLeft(requester)
      const waitingOf = waiting.filter((one) => one.requester === requester).length
      const mayWait =
        waiting.length < concurrent &&
        (requester === undefined || waitingOf < concurrentPerRequester)
      if (!mayStart && !mayWait) return undefined
      if (!countHost(new URL(url).host, requester)) return undefined
      if (mayStart) return start(requester)
      return await new Promise((resolve) => {
        waiting = [...waiting, { requester, start: () => resolve(start(requester)) }]
      })
    },
  }
}

/**
 * Counts by host in fixed windows of a minute; `false` where there were enough. A quarter is the
 * most that one requester gets of a host. The map is as long as a minute's fetches.
 */
function createHostCounts({
  perHostAndMinute,
  nowEpochSeconds,
}: FetchBudgetOptions): (host: string, requester: string | undefined) => boolean {
  const perRequester = Math.ceil(perHostAndMinute / 4)
  let windowStart = Number.NEGATIVE_INFINITY
  const counts = new Map<string, number>()
  return (host, requester) => {
    const now = nowEpochSeconds()
    // A clock that was set back begins a window too: it must not hold anybody up.
    if (now - windowStart >= 60 || now < windowStart) {
      windowStart = now
      counts.clear()
    }
    const limits: readonly (readonly [string, number])[] = [
      [host, perHostAndMinute],
      ...(requester === undefined ? [] : [[`${host} ${requester}`, perRequester] as const]),
    ]
    if (limits.some(([key, limit]) => (counts.get(key) ?? 0) >= limit)) return false
    for (const [key] of limits) counts.set(key, (counts.get(key) ?? 0) + 1)
    return true
  }
}
