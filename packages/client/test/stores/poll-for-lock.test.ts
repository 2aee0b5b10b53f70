import { afterEach, expect, test, vi } from 'vitest'
import type { LockAttempt } from '../../src/stores/locking/poll-for-lock.ts'
import { pollForLock } from '../../src/stores/locking/poll-for-lock.ts'

afterEach(() => void vi.useRealTimers())

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

const acquired: LockAttempt = {
  outcome: 'acquired',
  lock: { isHeld: () => true, release: async () => undefined },
}

/** Polls for a lease of 30 s on a machine that sleeps during one step. */
async function pollWhileAsleep(
  asleepMilliseconds: number,
  during: 'attempt' | 'pause',
  answers: readonly LockAttempt[],
  waitMilliseconds = 60_000,
) {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  const pauses: number[] = []
  let slept = false
  function sleepOnce(): void {
    if (!slept) vi.advanceTimersByTime(asleepMilliseconds)
    slept = true
  }
  const answer = attempts(...answers)
  const outcome = await pollForLock(
    async () => {
      if (during === 'attempt') sleepOnce()
      return await answer()
    },
    { waitMilliseconds },
    {
      suspendedAfterMilliseconds: 15_000,
      pause: async (milliseconds) => {
        pauses.push(milliseconds)
        vi.advanceTimersByTime(milliseconds)
        if (during === 'pause') sleepOnce()
      },
    },
  )
  return { outcome, waited: pauses.filter((milliseconds) => milliseconds === 2000).length }
}

test.each([
  ['a pause', 'pause', [busy, acquired]],
  ['an attempt that finds the lock busy', 'attempt', [busy, acquired]],
  ['an attempt that gets the lock', 'attempt', [acquired]],
] as const)(
  'lock: a process that was suspended during %s lets the holder finish first',
  { tags: ['C-51', 'C-52'] },
  async (_what, during, answers) => {
    expect(await pollWhileAsleep(20_000, during, answers)).toEqual({ outcome: acquired, waited: 1 })
  },
)

test('lock: a suspension that cannot end a lease costs no time', { tags: ['C-51'] }, async () => {
  expect(await pollWhileAsleep(10_000, 'pause', [busy, acquired])).toEqual({
    outcome: acquired,
    waited: 0,
  })
})

test('lock: a suspension does not use up the time to wait', { tags: ['C-53'] }, async () => {
  const { outcome } = await pollWhileAsleep(20_000, 'pause', [busy, busy, busy, acquired], 5000)
  expect(outcome).toBe(acquired)
})
