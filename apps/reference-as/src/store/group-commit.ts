/** One caller's share of a transaction. */
interface Job {
  /** Does the work. Returns a function that resolves the caller's promise after the commit. */
  readonly run: () => () => void
  readonly reject: (error: unknown) => void
}

/** Commits work of several callers together. See {@link createGroupCommit}. */
export interface GroupCommit {
  /** Resolves when the work is committed. Rejects when none of it is. */
  enqueue<Result>(work: () => Result): Promise<Result>
  /** Commits the waiting work now. */
  flush(): void
}

/**
 * Puts the writes of concurrent requests into one transaction. A commit costs much more than a row,
 * so that no request waits longer this way.
 *
 * Work that fails does not affect other work: the rest is repeated without it.
 *
 * @param transaction - Runs work in a transaction. Rolls back and rethrows when the work throws.
 */
export function createGroupCommit(
  transaction: <Result>(work: () => Result) => Result,
): GroupCommit {
  let waiting: Job[] = []

  function flush(): void {
    const jobs = waiting
    waiting = []
    if (jobs.length === 0) return
    let failing: Job | undefined
    try {
      const answers = transaction(() =>
        jobs.map((job) => {
          failing = job
          const answer = job.run()
          failing = undefined
          return answer
        }),
      )
      for (const answer of answers) answer()
    } catch (error) {
      // Without a failing job, the database itself refused, and would refuse each job again.
      for (const job of jobs) {
        if (failing === undefined || job === failing) job.reject(error)
        else waiting.push(job)
      }
      flush()
    }
  }

  return {
    async enqueue(work) {
      return await new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush)
        waiting.push({
          run() {
            const result = work()
            return () => resolve(result)
          },
          reject,
        })
      })
    },
    flush,
  }
}
