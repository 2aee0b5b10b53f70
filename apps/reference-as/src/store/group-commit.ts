/** One caller's share of a transaction. */
interface Job {
  /** Does the work; what it returns tells the caller, once the transaction is committed. */
  readonly run: () => () => void
  readonly reject: (error: unknown) => void
}

/** Commits work of several callers at once; see {@link createGroupCommit}. */
export interface GroupCommit {
  /** Resolves when the work is committed, rejects when nothing of it is. */
  enqueue<Result>(work: () => Result): Promise<Result>
  /** Commits what waits, now. */
  flush(): void
}

/**
 * Puts the writes of requests that run at the same time into one transaction. A commit costs much
 * more than a row, and with many at once nobody waits longer for it.
 *
 * Work that fails takes nothing else with it: the others are done again without it.
 *
 * @param transaction - Runs work in a transaction; rolls back and throws when it throws.
 */
export function createGroupCommit(
  transaction: <Result>(work: () => Result) => Result,
): GroupCommit {
  let waiting: Job[] = []

  function flush(): void {
    const jobs = waiting
    waiting = []
    if (jobs.length === 0) return
    let culprit: Job | undefined
    try {
      const answers = transaction(() =>
        jobs.map((job) => {
          culprit = job
          const answer = job.run()
          culprit = undefined
          return answer
        }),
      )
      for (const answer of answers) answer()
    } catch (error) {
      // Without a culprit it is the database that refused, and would refuse each of them again.
      for (const job of jobs) {
        if (culprit === undefined || job === culprit) job.reject(error)
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
