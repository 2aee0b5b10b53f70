import { expect, test } from 'vitest'
import type { LockAttempt } from '../../src/stores/locking/poll-for-lock.ts'
import { pollForLock } from '../../src/stores/locking/poll-for-lock.ts'

const crowded: LockAttempt = { outcome: 'crowded', reason: 'all connections are in use' }
const busy: LockAttempt = { outcome: 'busy', holder: 'another process' }

/** Answers one after the other, then the last one again and again. */
function attempts(...answers: readonly LockAttempt[]) {
  let asked = 0
  return async (): Promise<LockAttempt> => {
    asked += 1
    return answers[Math.min(asked, answers.length) - 1] ?? crowded
  }
}

test(
  'lock: a holder that was seen is reported where the last attempt was crowded out',
  { tags: ['C-53'] },
  async () => {
    expect(await pollForLock(attempts(busy, crowded), { waitMilliseconds: 30 })).toBe(busy)
  },
)

test(
  'lock: without an attempt that was answered it is unavailable, with the reason',
  { tags: ['C-53'] },
  async () => {
    expect(await pollForLock(attempts(crowded), { waitMilliseconds: 30 })).toEqual({
      outcome: 'unavailable',
      reason: 'all connections are in use',
    })
  },
)
