import { setTimeout as sleep } from 'node:timers/promises'

/** How many calls to make, and when. */
export interface RoundPlan {
  /** Concurrent calls in each round. */
  readonly parallel: number
  readonly repeat: number
  /** Time from the start of one round to the start of the next. With 0, there is no pause. */
  readonly everyMilliseconds: number
}

/** The results of all rounds. */
export interface RoundTotals<Result> {
  readonly rounds: number
  readonly calls: number
  readonly succeeded: number
  readonly failed: number
  /** Calls that Ctrl-C aborted. */
  readonly cancelled: number
  /** The result of the last successful call. */
  readonly lastResult: Result | undefined
  /** The error that ended the calls, otherwise the first error, if any. */
  readonly error: unknown
}

/** One round, for the progress output. */
export interface Round {
  readonly number: number
  readonly succeeded: number
  readonly failed: number
  readonly elapsedMilliseconds: number
}

/**
 * Makes the calls round by round, until all are made, `signal` aborts, or `isFinal` says that every
 * further call would fail with the same error.
 */
export async function runRounds<Result>(
  plan: RoundPlan,
  call: () => Promise<Result>,
  options: {
    readonly signal: AbortSignal | undefined
    readonly isFinal: (error: unknown) => boolean
    readonly onRound: (round: Round) => void
  },
): Promise<RoundTotals<Result>> {
  const { signal, isFinal, onRound } = options
  let firstError: unknown
  let finalError: unknown
  let failed = 0
  let rounds = 0
  let succeeded = 0
  let cancelled = 0
  let lastResult: Result | undefined
  const interrupted = (): boolean => signal?.aborted === true
  while (rounds < plan.repeat && !interrupted()) {
    const startedAt = performance.now()
    const settled = await Promise.allSettled(Array.from({ length: plan.parallel }, () => call()))
    rounds += 1
    const fulfilled = settled.filter((one) => one.status === 'fulfilled')
    const rejected = settled.filter((one) => one.status === 'rejected').map((one) => one.reason)
    const elapsedMilliseconds = performance.now() - startedAt
    lastResult = fulfilled.at(-1)?.value ?? lastResult
    succeeded += fulfilled.length
    if (interrupted()) cancelled += rejected.length
    else {
      failed += rejected.length
      firstError ??= rejected[0]
      finalError ??= rejected.find((error) => isFinal(error))
    }
    onRound({
      number: rounds,
      succeeded: fulfilled.length,
      failed: rejected.length,
      elapsedMilliseconds,
    })
    if (rejected.some((error) => isFinal(error))) break
    const pause = plan.everyMilliseconds - elapsedMilliseconds
    if (rounds < plan.repeat && pause > 0) {
      // Ctrl-C ends the pause and the loop.
      await sleep(pause, undefined, { signal }).catch(() => undefined)
    }
  }
  return {
    rounds,
    calls: succeeded + failed + cancelled,
    succeeded,
    failed,
    cancelled,
    lastResult,
    // The error that ended the calls says more than one that failed some of them.
    error: finalError ?? firstError,
  }
}
