import { expect, test } from 'vitest'
import type { LockAttempt } from '../../src/stores/locking/poll-for-lock.ts'
import { pollForLock } from '../../src/stores/locking/poll-for-lock.ts'

const crowded: LockAttempt = { outcome: 'crowded', reason: 'all connections are in use' }
const busy: LockAttempt = { outcome: 'busy', holder: 'another process' }

/** Returns the outcomes in turn, and repeats the last one. */
function attempts(...answers: readonly LockAttempt[]) {
  let asked = 0
  return async (): Promise<LockAttempt> => {
    asked += 1
    return answers[Math.min(asked, answers.length) - 1] ?? crowded
  }
}

test(
  'lock: a holder that was found is reported, even if the last attempt had no connection',
  { tags: ['C-53'] },
  async () => {
    expect(await pollForLock(attempts(busy, crowded), { waitMilliseconds: 30 })).toBe(busy)
  },
)

test(
  'lock: is unavailable with the reason if no attempt had a connection',
  { tags: ['C-53'] },
  async () => {
    expect(await pollForLock(attempts(crowded), { waitMilliseconds: 30 })).toEqual({
      outcome: 'unavailable',
      reason: 'all connections are in use',
    })
  },
)
