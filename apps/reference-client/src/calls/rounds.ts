import { setTimeout as sleep } from 'node:timers/promises'

/** How often and how many at once. */
export interface RoundPlan {
  /** Calls made at the same time in each round. */
  readonly parallel: number
  readonly repeat: number
  /** From the start of one round to the start of the next; 0: at once. */
  readonly everyMilliseconds: number
}

/** What came of all rounds. */
export interface RoundTotals<Result> {
  readonly rounds: number
  readonly calls: number
  readonly succeeded: number
  readonly failed: number
  /** Calls that Ctrl-C cut off. */
  readonly cancelled: number
  /** Of the last call that succeeded. */
  readonly lastResult: Result | undefined
  /** What ended the calls, else what failed first; `undefined` where nothing did. */
  readonly error: unknown
}

/** One round, for the live line. */
export interface Round {
  readonly number: number
  readonly succeeded: number
  readonly failed: number
  readonly elapsedMilliseconds: number
}

/**
 * Makes the calls round by round until all are made, `signal` aborts, or `isFinal` says of an error
 * that every further call would meet it too.
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
      // Ctrl-C ends the pause, and the loop above.
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
    // What ended the calls says more than what only failed some.
    error: finalError ?? firstError,
  }
}
