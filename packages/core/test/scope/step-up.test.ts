import { expect, test } from 'vitest'
import { decideStepUp } from '../../src/index.ts'

test.each([
  ['requests the missing scope', 0, 'a c', 'a b', 'authorize', 'scope-missing'],
  ['tries a second time', 1, 'c', 'a', 'authorize', 'scope-missing'],
  ['stops after two attempts', 2, 'c', 'a', 'give-up', 'attempts-exhausted'],
  ['tries once if all scopes are granted', 0, 'a', 'a b', 'authorize', 'granted-but-refused'],
  [
    'stops if all scopes are granted after a sign-in',
    1,
    'a',
    'a b',
    'give-up',
    'still-refused-after-grant',
  ],
  ['tries once if no scope is named', 0, undefined, 'a', 'authorize', 'scope-not-named'],
  ['stops the second time if no scope is named', 1, '', 'a', 'give-up', 'scope-not-named'],
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
  let prompts = 0
  for (let call = 0; call < 100; call += 1) {
    const decision = decideStepUp(
      { attempts, challengeScope: `scope:${call}`, grantedScope: 'a' },
      { maximumAttempts: 3 },
    )
    attempts = decision.attempts
    if (decision.action === 'authorize') prompts += 1
  }
  expect(prompts).toBe(3)
})
