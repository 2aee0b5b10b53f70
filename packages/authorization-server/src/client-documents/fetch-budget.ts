import type { Clock } from '../lib/clock.ts'

/** Limits how much this server requests from other servers. */
export interface FetchBudget {
  /**
   * Resolves when the fetch may begin, to a function that must be called when it is over. Resolves to
   * `undefined` when it must not begin. Waits only for running fetches, so no longer than one lasts.
   */
  take(url: string): Promise<(() => void) | undefined>
}

/** Options of {@link createFetchBudget}. */
export interface FetchBudgetOptions {
  readonly concurrent: number
  /** How many running fetches, and how many waiting ones, one requester may have. */
  readonly concurrentPerRequester: number
  readonly perHostAndMinute: number
  /** The requester of the fetch that begins now. `undefined`: unknown, and no share applies. */
  readonly requester: () => string | undefined
  readonly clock: Clock
}

interface Waiting {
  readonly requester: string | undefined
  readonly start: () => void
}

/**
 * Shares the concurrent fetches among requesters, so that a requester that names silent hosts only
 * delays its own fetches. Fetches beyond the share wait, and fetches beyond that are refused. Queues
 * such as p-limit have no shares.
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

  /** The requester with the fewest running fetches goes first. */
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
 * Counts by host in fixed windows of a minute. `false` when the limit is reached. One requester gets
 * at most a quarter of a host's fetches. The map is as long as a minute's fetches.
 */
function createHostCounts({
  perHostAndMinute,
  clock,
}: FetchBudgetOptions): (host: string, requester: string | undefined) => boolean {
  const perRequester = Math.ceil(perHostAndMinute / 4)
  let windowStart = Number.NEGATIVE_INFINITY
  const counts = new Map<string, number>()
  return (host, requester) => {
    const now = clock.nowEpochSeconds()
    // A clock that was set back begins a window too, so that it delays no fetch.
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
