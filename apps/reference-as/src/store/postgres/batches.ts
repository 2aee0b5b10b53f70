/** The largest batch. Every connection prepares one statement for each size. */
export const maximumBatchItems = 8

interface Job<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** What is done in batches. */
export interface BatchedWork<Item, Result> {
  /** Runs one statement for all items. Resolves to their results in the same order. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>
  /** Items with the same key never share a batch. Batches are in the order of their keys. */
  readonly keyOf: (item: Item) => string
}

/**
 * Does the work of concurrent requests in one statement, which costs one round trip, one wake-up of
 * the database and one commit, whatever its size. A batch consists of what arrived in one turn of the
 * event loop. Nothing waits for more.
 *
 * Work that fails does not affect other work: after a failed batch, each of its items runs alone.
 */
export function createBatches<Item, Result>({
  run,
  keyOf,
}: BatchedWork<Item, Result>): (item: Item) => Promise<Result> {
  let waiting: Job<Item, Result>[] = []

  function take(): Job<Item, Result>[] {
    const taken = new Map<string, Job<Item, Result>>()
    const left: Job<Item, Result>[] = []
    for (const job of waiting) {
      const key = keyOf(job.item)
      if (taken.size < maximumBatchItems && !taken.has(key)) taken.set(key, job)
      else left.push(job)
    }
    waiting = left
    // All instances lock rows in the same order, so that two batches cannot deadlock.
    return [...taken].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, job]) => job)
  }

  async function settle(jobs: readonly Job<Item, Result>[]): Promise<void> {
    try {
      const results = await run(jobs.map(({ item }) => item))
      for (const [index, result] of results.entries()) jobs[index]?.resolve(result)
    } catch (error) {
      const [only, ...others] = jobs
      if (others.length === 0) only?.reject(error)
      else await Promise.all(jobs.map(async (job) => await settle([job])))
    }
  }

  function runAll(): void {
    while (waiting.length > 0) void settle(take())
  }

  return async (item) =>
    await new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(runAll)
      waiting.push({ item, resolve, reject })
    })
}
