import { setTimeout as pause } from 'node:timers/promises'
import type { LockOptions, LockOutcome } from '../store.ts'

/** One attempt: an outcome, or `crowded` if this process has no free connection for it. */
export type LockAttempt = LockOutcome | { readonly outcome: 'crowded'; readonly reason: string }

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
  options: LockOptions = {},
): Promise<LockOutcome> {
  const { waitMilliseconds = 0, signal } = options
  const giveUpAt = performance.now() + waitMilliseconds
  let pauseMilliseconds = shortestPauseMilliseconds
  let lastBusy: LockOutcome | undefined
  for (;;) {
    signal?.throwIfAborted()
    const outcome = await attempt()
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
    await pause(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() =>
      signal?.throwIfAborted(),
    )
    pauseMilliseconds = Math.min(longestPauseMilliseconds, pauseMilliseconds * 1.5)
  }
}
