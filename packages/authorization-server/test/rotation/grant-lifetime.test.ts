import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  createMemoryRefreshTokenStore,
  createRefreshTokenRotation,
  grantLifetime,
} from '../../src/index.ts'

const day = 86_400

test.each([
  // The example of the draft: exchanged within 7 days, authorized for 10 days.
  ['on day 0', 0, 7, 10, { refresh_token_timeout: 604_800, authorization_expires_in: 864_000 }],
  ['on day 2', 2, 9, 10, { refresh_token_timeout: 604_800, authorization_expires_in: 691_200 }],
  ['on day 7', 7, 10, 10, { refresh_token_timeout: 259_200, authorization_expires_in: 259_200 }],
  ['after the end', 11, 10, 10, { refresh_token_timeout: 0, authorization_expires_in: 0 }],
])('grant lifetime: %s', { tags: ['A-12', 'A-07'] }, (_case, now, idle, absolute, expected) => {
  const record = {
    expiresAtEpochSeconds: idle * day,
    familyExpiresAtEpochSeconds: absolute * day,
  }
  expect(grantLifetime(record, now * day)).toEqual(expected)
})

test(
  'grant lifetime: whole seconds, and the timeout never exceeds the authorization',
  { tags: ['A-12'] },
  () => {
    const seconds = fc.double({ min: 0, max: 1e10, noNaN: true })
    fc.assert(
      fc.property(seconds, seconds, seconds, (idle, absolute, now) => {
        const lifetime = grantLifetime(
          { expiresAtEpochSeconds: idle, familyExpiresAtEpochSeconds: absolute },
          now,
        )
        const { refresh_token_timeout: timeout, authorization_expires_in: authorization } = lifetime
        expect(Number.isSafeInteger(timeout) && Number.isSafeInteger(authorization)).toBe(true)
        expect(timeout).toBeGreaterThanOrEqual(0)
        expect(timeout).toBeLessThanOrEqual(authorization)
      }),
    )
  },
)

test(
  'grant lifetime: of a token that was just issued, and after an exchange',
  { tags: ['A-12', 'A-07'] },
  async () => {
    let now = 1_800_000_000
    const rotation = createRefreshTokenRotation(createMemoryRefreshTokenStore<string>(), {
      successorKey: randomBytes(32),
      lifetimes: { idleSeconds: 7 * day, absoluteSeconds: 10 * day },
      clock: { nowEpochSeconds: () => now },
    })
    const first = await rotation.issue('family', 'alice', { maximumLifetimeSeconds: 8 * day })
    expect(await rotation.lifetime(first)).toEqual({
      refresh_token_timeout: 7 * day,
      authorization_expires_in: 8 * day,
    })
    now += 5 * day
    const result = await rotation.redeem(first)
    expect('record' in result ? grantLifetime(result.record, now) : undefined).toEqual({
      refresh_token_timeout: 3 * day,
      authorization_expires_in: 3 * day,
    })
    expect(await rotation.lifetime('unknown')).toBeUndefined()
  },
)
