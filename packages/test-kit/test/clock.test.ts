import { expect, test } from 'vitest'
import { virtualClock } from '../src/index.ts'

test('virtual clock: wakes sleepers in the order in which they are due', async () => {
  const clock = virtualClock(100)
  const woken: string[] = []
  const late = clock.sleep(2000).then(() => woken.push('late'))
  const early = clock.sleep(500).then(() => woken.push('early'))
  await clock.untilSleeping(2)
  clock.advanceSeconds(0.25)
  expect(clock.sleepers()).toBe(2)
  clock.advanceSeconds(5)
  await Promise.all([late, early])
  expect(woken).toEqual(['early', 'late'])
  expect(clock.nowEpochSeconds()).toBe(105.25)
})

test('virtual clock: rejects a sleeper when its signal aborts', async () => {
  const clock = virtualClock()
  const controller = new AbortController()
  const sleeping = clock.sleep(1000, controller.signal)
  controller.abort(new Error('the caller left'))
  await expect(sleeping).rejects.toThrow('the caller left')
  expect(clock.sleepers()).toBe(0)
})
