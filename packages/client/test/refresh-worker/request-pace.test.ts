import { virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { requestPace } from '../../src/refresh-worker/request-pace.ts'

test.each([
  { perSecond: 200, granted: 10, expected: 2000 },
  { perSecond: 200, granted: 5, expected: 1000 },
  { perSecond: 0.5, granted: 10, expected: 5 },
])(
  'request pace: reaches $perSecond per second for $granted of 10 places, and not more, if it is asked every 50 ms',
  ({ perSecond, granted, expected }) => {
    const clock = virtualClock()
    const limits = { maximumConcurrentRefreshes: 10, maximumRefreshesPerSecond: perSecond }
    const pace = requestPace(limits, clock)
    let started = 0
    for (let step = 0; step < 200; step += 1) {
      while (pace.nextEpochSeconds(granted) <= clock.nowEpochSeconds()) {
        pace.started()
        started += 1
      }
      clock.advanceSeconds(0.05)
    }
    expect(started).toBeLessThanOrEqual(expected + 1)
    expect(started).toBeGreaterThan(expected * 0.98 - 1)
  },
)

test('request pace: a small part at the beginning does not delay the requests of a larger one', () => {
  const clock = virtualClock()
  const limits = { maximumConcurrentRefreshes: 100, maximumRefreshesPerSecond: 1 }
  const pace = requestPace(limits, clock)
  expect(pace.nextEpochSeconds(1)).toBe(clock.nowEpochSeconds())
  pace.started()
  expect(pace.nextEpochSeconds(1)).toBe(clock.nowEpochSeconds() + 100)
  expect(pace.nextEpochSeconds(100)).toBe(clock.nowEpochSeconds() + 1)
})
