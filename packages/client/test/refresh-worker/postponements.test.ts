import { expect, test } from 'vitest'
import { postponements } from '../../src/refresh-worker/postponements.ts'

const limits = {
  maximumConcurrentRefreshes: 10,
  maximumRefreshesPerSecond: Number.POSITIVE_INFINITY,
}

test('postponements: after a pause, grants come back about as fast as the server can refresh them', () => {
  const delays = postponements(limits, () => 0.999)
  delays.pauseBegins()
  const seconds = Array.from({ length: 100_000 }, () => delays.afterPause())
  expect(seconds[0]).toBe(0)
  expect(seconds[10]).toBeLessThan(2)
  // Ten at once, half a second each: 1000 take 50 s, and half of that is waited for.
  expect(seconds[1000]).toBeGreaterThan(20)
  expect(Math.max(...seconds)).toBeLessThan(60)
})

test('postponements: the wait for a place grows with the grants before, up to a limit', () => {
  const delays = postponements(limits, () => 0)
  const seconds = Array.from({ length: 10_000 }, () => delays.whenFull(10))
  expect(seconds[0]).toBe(1)
  expect(seconds.toSorted((one, other) => one - other)).toEqual(seconds)
  expect(seconds.at(-1)).toBe(60)
  delays.queueIsEmpty()
  expect(delays.whenFull(10)).toBe(1)
})
