import * as fc from 'fast-check'
import { errors, UnsecuredJWT } from 'jose'
import type { JWTPayload } from 'jose'
import { expect, test } from 'vitest'
import { claimRefusal } from '../src/token/claim-refusal.ts'
import type { TokenRefusal } from '../src/token/verification.ts'

const now = 1_800_000_000.25
const audiences = ['https://mcp.example.com/mcp', 'https://other.example.com']
const clockToleranceSeconds = 5

/** What jose decides about the same claims. */
function decisionOfJose(payload: JWTPayload): TokenRefusal | undefined {
  const encode = (value: unknown): string =>
    Buffer.from(JSON.stringify(value)).toString('base64url')
  const requiredClaims = ['exp', 'aud']
  const currentDate = new Date(now * 1000)
  const options = { audience: audiences, clockTolerance: clockToleranceSeconds, currentDate }
  try {
    UnsecuredJWT.decode(`${encode({ alg: 'none' })}.${encode(payload)}.`, {
      ...options,
      requiredClaims,
    })
    return undefined
  } catch (error) {
    if (error instanceof errors.JWTExpired) return 'token-expired'
    if (!(error instanceof errors.JWTClaimValidationFailed)) throw error
    if (error.reason !== 'check_failed') return 'token-claim-invalid'
    return error.claim === 'aud' ? 'token-audience-mismatch' : 'token-not-yet-valid'
  }
}

const time = fc.oneof(
  fc.integer({ min: -7, max: 7 }).map((seconds) => Math.floor(now) + seconds),
  fc.double({ min: now - 7, max: now + 7, noNaN: true }),
  fc.constantFrom<unknown>(undefined, null, '1800000100', true, [1_800_000_100], 0, -1),
)
const audience = fc.constantFrom(...audiences, 'https://evil.example.com', '', ' ')
const claims = fc.record(
  {
    aud: fc.oneof(
      audience,
      fc.array(audience),
      fc.constantFrom<unknown>(undefined, null, 1, {}, [audiences], { 0: audiences[0] }),
    ),
    exp: time,
    nbf: time,
    iat: time,
  },
  { requiredKeys: [] },
)

test(
  'claims: audience and times are accepted and refused as jose does it',
  { tags: ['S-12'] },
  () => {
    fc.assert(
      fc.property(claims, (some) => {
        const payload = JSON.parse(JSON.stringify(some)) as JWTPayload
        const decision = claimRefusal(payload, { audiences, clockToleranceSeconds }, now)
        expect(decision).toBe(decisionOfJose(payload))
      }),
      { numRuns: 5000 },
    )
  },
)
