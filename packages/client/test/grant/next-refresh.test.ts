import { expect, test } from 'vitest'
import type { Grant } from '../../src/grant/grant.ts'
import { dueInSeconds } from '../../src/grant/next-refresh.ts'

const now = 1_800_000_000

function active(issuedAgo: number, lifetime: number | undefined, more: Partial<Grant> = {}): Grant {
  const issuedAtEpochSeconds = now - issuedAgo
  return {
    identity: { partition: 'ann', issuer: 'i', resource: 'r', clientId: 'c' },
    state: 'active',
    tokenSet: {
      accessToken: 'access',
      tokenType: 'Bearer',
      issuedAtEpochSeconds,
      expiresAtEpochSeconds: lifetime === undefined ? undefined : issuedAtEpochSeconds + lifetime,
      refreshToken: 'refresh',
      scope: undefined,
    },
    ...more,
  }
}

const tenYears = 315_360_000
const ended = { reason: 'refused', atEpochSeconds: now } as const

test.each([
  ['a token of an hour', active(0, 3600), 3300],
  ['a token of an hour that is due', active(3400, 3600), 0],
  ['a token of a second, at the earliest after ten', active(0, 1), 10],
  ['a token of ten years', active(0, tenYears), tenYears - 300],
  ['a token without a lifetime: never', active(0, undefined), Number.POSITIVE_INFINITY],
  ['an abandoned refresh of such a token', active(0, undefined, pending(1)), 4],
  ['a token from the future, because the clock was set back', active(-7200, 3600), 10],
  ['a refresh under way', active(3400, 3600, pending(1)), 4],
  ['a refresh that was repeated often', active(3400, 3600, pending(9)), 128],
  ['a refusal', active(3400, 3600, { refusal: { ...ended, detail: '' } }), 3600],
  ['a grant that needs the user', active(0, 3600, { state: 'needs-reauth', ended }), Infinity],
  [
    'a notice that was not delivered',
    active(0, 3600, { state: 'needs-reauth', ended, notice: { id: 'n', failures: 0 } }),
    0,
  ],
  ['a sign-out', active(0, 3600, { state: 'signed-out' }), Infinity],
])('next refresh: the due time of %s', { tags: ['C-55'] }, (_what, grant, expected) => {
  expect(dueInSeconds(grant, { jitterKey: 0 }, now)).toBe(expected)
})

function pending(attempts: number): Partial<Grant> {
  return { pending: { startedAtEpochSeconds: now, attempts } }
}
