import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideRefresh, refreshAheadSeconds } from '../../src/index.ts'

const refreshToken = 'r'
const token = { issuedAtEpochSeconds: 0, expiresAtEpochSeconds: 3600, refreshToken }

test.each([
  [0, 'fresh', 'not-due'],
  [3299, 'fresh', 'not-due'],
  [3300, 'refresh-in-background', 'due'],
  [3479, 'refresh-in-background', 'due'],
  [3480, 'expired', 'within-clock-skew'],
  [3600, 'expired', 'expired'],
  [-4, 'fresh', 'not-due'],
  [-60, 'refresh-in-background', 'clock-went-back'],
])(
  'refresh timing: a token of one hour is, at second %s, %s (%s)',
  { tags: ['C-55'] },
  (now, action, reason) => {
    expect(decideRefresh(token, now)).toMatchObject({ action, reason })
  },
)

test(
  'refresh timing: a token without a lifetime is used until it is rejected',
  { tags: ['C-05', 'C-55'] },
  () => {
    for (const one of [refreshToken, undefined]) {
      const tokenSet = {
        issuedAtEpochSeconds: 0,
        expiresAtEpochSeconds: undefined,
        refreshToken: one,
      }
      expect(decideRefresh(tokenSet, 1e9)).toMatchObject({
        action: 'unknown-expiry',
        refreshDueAtEpochSeconds: undefined,
      })
    }
  },
)

test.each([
  [0, 'fresh', 'no-refresh-token'],
  [3480, 'fresh', 'no-refresh-token'],
  [3599.9, 'fresh', 'no-refresh-token'],
  [3600, 'expired', 'expired'],
  // Its age is unknown. The resource server decides.
  [-60, 'fresh', 'no-refresh-token'],
])(
  'refresh timing: without a refresh token, a token of one hour is, at second %s, %s (%s)',
  { tags: ['C-05', 'C-55'] },
  (now, action, reason) => {
    expect(decideRefresh({ ...token, refreshToken: undefined }, now)).toEqual({
      action,
      reason,
      refreshDueAtEpochSeconds: undefined,
    })
  },
)

test('refresh timing: a new token of two seconds is not due', { tags: ['C-55'] }, () => {
  const short = { issuedAtEpochSeconds: 100, expiresAtEpochSeconds: 102, refreshToken }
  expect(decideRefresh(short, 100).action).toBe('fresh')
  expect(decideRefresh(short, 101.7).action).toBe('refresh-in-background')
  expect(decideRefresh(short, 101.9).action).toBe('expired')
})

test(
  'refresh timing law: the margin is never negative, and at most five minutes and half the lifetime',
  { tags: ['C-55'] },
  () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.double(),
        fc.double({ min: 0, max: 5, noNaN: true }),
        (lifetime, jitterKey, aheadFraction) => {
          const ahead = refreshAheadSeconds(lifetime, { jitterKey, aheadFraction })
          expect(ahead).toBeGreaterThanOrEqual(0)
          expect(ahead).toBeLessThanOrEqual(Math.min(300, lifetime / 2))
        },
      ),
    )
  },
)

test(
  'refresh timing law: a token is fresh, then due, then expired, and never goes back',
  { tags: ['C-55'] },
  () => {
    const order = ['fresh', 'refresh-in-background', 'expired']
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 1e6, noNaN: true }),
        fc.integer(),
        fc.array(fc.double({ min: 0, max: 2, noNaN: true })),
        (lifetime, jitterKey, moments) => {
          const tokenSet = {
            issuedAtEpochSeconds: 0,
            expiresAtEpochSeconds: lifetime,
            refreshToken,
          }
          const steps = moments
            .toSorted((left, right) => left - right)
            .map((part) =>
              order.indexOf(decideRefresh(tokenSet, part * lifetime, { jitterKey }).action),
            )
          expect(steps).toEqual(steps.toSorted((left, right) => left - right))
        },
      ),
    )
  },
)

test(
  'refresh timing: jitter is constant per record and spreads many records',
  { tags: ['C-55'] },
  () => {
    const margins = Array.from({ length: 1000 }, (_, key) =>
      refreshAheadSeconds(3600, { jitterKey: key }),
    )
    expect(refreshAheadSeconds(3600, { jitterKey: 7 })).toBe(margins[7])
    expect(Math.min(...margins)).toBeGreaterThan(225 - 1)
    expect(Math.max(...margins)).toBeLessThanOrEqual(300)
    const quarters = [0, 0, 0, 0]
    for (const margin of margins) {
      const quarter = Math.min(3, Math.floor((margin - 225) / 18.75))
      quarters[quarter] = (quarters[quarter] ?? 0) + 1
    }
    for (const count of quarters) expect(count).toBeGreaterThan(150)
  },
)

test('refresh timing: the documented example', { tags: ['C-55'] }, () => {
  const tokenSet = { issuedAtEpochSeconds: 0, expiresAtEpochSeconds: 1000, refreshToken: 'r' }
  expect(decideRefresh(tokenSet, 790).action).toBe('fresh')
  expect(decideRefresh(tokenSet, 810).action).toBe('refresh-in-background')
  expect(decideRefresh(tokenSet, 1000).action).toBe('expired')
})
