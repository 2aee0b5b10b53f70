import { setTimeout as timerPause } from 'node:timers/promises'
import type { LockOptions, LockOutcome } from '../store.ts'
import { millisecondsSince, thisMoment } from './bounded.ts'

/** One attempt: an outcome, or `crowded` if this process has no room for another lock. */
export type LockAttempt = LockOutcome | { readonly outcome: 'crowded'; readonly reason: string }

/** What polling does in addition to the options of a lock. */
export interface PollOptions {
  /**
   * For locks that end by time. A process that was suspended this long waits before its next attempt:
   * a laptop that wakes up wakes the holder, too, and the holder may have received the only copy of a
   * rotated refresh token.
   */
  readonly suspendedAfterMilliseconds?: number | undefined
  readonly pause?: ((milliseconds: number, signal?: AbortSignal) => Promise<void>) | undefined
}

/** Enough time for the holder to read and save a response that has already arrived. */
const afterSuspensionMilliseconds = 2000

/** Pauses between attempts: short at first, because a refresh is short. */
const shortestPauseMilliseconds = 10
const longestPauseMilliseconds = 200

/**
 * Tries to lock until the lock is free or the time is up. The pauses are random, so that many machines
 * do not try at the same times.
 *
 * If an attempt found the lock busy and the last one was crowded, the outcome is `busy`: the store can
 * lock, and another holder has the lock.
 */
export async function pollForLock(
  attempt: () => Promise<LockAttempt>,
  { waitMilliseconds = 0, signal }: LockOptions = {},
  {
    suspendedAfterMilliseconds = Number.POSITIVE_INFINITY,
    pause = abortablePause,
  }: PollOptions = {},
): Promise<LockOutcome> {
  let giveUpAt = performance.now() + waitMilliseconds
  let pauseMilliseconds = shortestPauseMilliseconds
  let lastBusy: LockOutcome | undefined

  /** Runs one step, and lets the holder finish if this process was suspended in the meantime. */
  async function awake<Result>(
    expectedMilliseconds: number,
    step: () => Promise<Result>,
  ): Promise<Result> {
    const remaining = giveUpAt - performance.now()
    const startedAt = thisMoment()
    const result = await step()
    if (millisecondsSince(startedAt) - expectedMilliseconds > suspendedAfterMilliseconds) {
      await pause(afterSuspensionMilliseconds)
      // The time of the suspension does not count.
      giveUpAt = performance.now() + remaining
    }
    return result
  }

  for (;;) {
    signal?.throwIfAborted()
    const outcome = await awake(0, attempt)
    if (outcome.outcome === 'acquired') {
      if (signal?.aborted) await outcome.lock.release()
      signal?.throwIfAborted()
      return outcome
    }
    if (outcome.outcome === 'unavailable') return outcome
    if (outcome.outcome === 'busy') lastBusy = outcome
    const remaining = giveUpAt - performance.now()
    if (remaining <= 0) {
      if (outcome.outcome === 'busy') return outcome
      return lastBusy ?? { outcome: 'unavailable', reason: outcome.reason }
    }
    const milliseconds = Math.min(remaining, pauseMilliseconds * (0.5 + Math.random()))
    await awake(milliseconds, () => pause(milliseconds, signal))
    pauseMilliseconds = Math.min(longestPauseMilliseconds, pauseMilliseconds * 1.5)
  }
}

async function abortablePause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await timerPause(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() =>
    signal?.throwIfAborted(),
  )
}
