import { expect, test } from 'vitest'
import { decideIssuer, decideStepUp } from '../../src/index.ts'

const issuer = 'https://auth.test'

// The four rows of the specification, and exact string comparison.
test.each([
  [true, issuer, 'accept', 'identical'],
  [true, undefined, 'reject', 'missing'],
  [undefined, issuer, 'accept', 'identical'],
  [undefined, undefined, 'accept', 'not-sent-and-not-advertised'],
  [false, undefined, 'accept', 'not-sent-and-not-advertised'],
  [true, 'https://evil.test', 'reject', 'different'],
  [undefined, 'https://evil.test', 'reject', 'different'],
  [true, 'https://auth.test/', 'reject', 'different'],
  [true, 'https://AUTH.test', 'reject', 'different'],
  [true, 'https://auth.test:443', 'reject', 'different'],
  [true, 'https%3A%2F%2Fauth.test', 'reject', 'different'],
  [undefined, '', 'reject', 'different'],
])(
  'issuer: advertised %s, sent %s: %s (%s)',
  { tags: ['C-35'] },
  (advertised, iss, action, reason) => {
    const metadata =
      advertised === undefined ? {} : { authorization_response_iss_parameter_supported: advertised }
    expect(decideIssuer(iss, issuer, metadata)).toMatchObject({ action, reason })
  },
)

test.each([
  ['requests the missing scope', 0, 'a c', 'a b', 'authorize', 'scope-missing'],
  ['asks a second time', 1, 'c', 'a', 'authorize', 'scope-missing'],
  ['stops after two', 2, 'c', 'a', 'give-up', 'attempts-exhausted'],
  ['tries once where all was granted', 0, 'a', 'a b', 'authorize', 'granted-but-refused'],
  ['stops where a sign-in brought all', 1, 'a', 'a b', 'give-up', 'still-refused-after-grant'],
  ['tries once where none is named', 0, undefined, 'a', 'authorize', 'scope-not-named'],
  ['not twice where none is named', 1, '', 'a', 'give-up', 'scope-not-named'],
])(
  'step-up: %s',
  { tags: ['C-23'] },
  (_, attempts, challengeScope, grantedScope, action, reason) => {
    const decision = decideStepUp({ attempts, challengeScope, grantedScope })
    expect(decision).toMatchObject({ action, reason })
    expect(decision.attempts).toBe(action === 'authorize' ? attempts + 1 : attempts)
  },
)

test('step-up: ends after a few attempts, regardless of the challenge', { tags: ['C-23'] }, () => {
  let attempts = 0
  let asked = 0
  for (let call = 0; call < 100; call += 1) {
    const decision = decideStepUp(
      { attempts, challengeScope: `scope:${call}`, grantedScope: 'a' },
      { maximumAttempts: 3 },
    )
    attempts = decision.attempts
    if (decision.action === 'authorize') asked += 1
  }
  expect(asked).toBe(3)
})
