import { expect, test } from 'vitest'
import { explainDecision, explainMissingRefreshToken, negotiateScope } from '../../src/index.ts'
import type { NegotiateScopeOptions, ScopeSources } from '../../src/index.ts'

const lists = { scopes_supported: ['offline_access'] }
const provider = { scopes_supported: ['openid', 'offline_access'] }

test('explain: a decision, rule by rule', { tags: ['C-10'] }, () => {
  expect(
    explainDecision(
      negotiateScope({
        challengeScope: 'files:write offline_access',
        previouslyRequested: 'files:read offline_access',
        authorizationServer: provider,
      }),
    ),
  ).toEqual([
    'The MCP server names offline_access, which it should not: removed, and decided below. [C-04]',
    'The challenge requires files:write for the operation. [C-20, C-21]',
    'The previously requested scope is kept: files:read offline_access, in addition to files:write. [C-22, C-08]',
    'Keeping offline_access, because it is already in the scope and the authorization server lists it. [C-02, C-08]',
    'Sending prompt=consent, because an OpenID Provider may ignore offline_access without it. [C-07]',
    'The authorization server decides whether it issues a refresh token. [C-05]',
    'Warning: The MCP server names offline_access in the scope of its challenge. [S-01]',
    'Result: scope="files:read offline_access files:write", prompt=consent.',
  ])
  expect(explainDecision(negotiateScope({})).at(-1)).toBe('Result: no scope parameter.')
})

test.each<[string, ScopeSources, NegotiateScopeOptions, string]>([
  [
    'requested with consent',
    { challengeScope: 'a', authorizationServer: provider },
    {},
    'with prompt=consent, and the authorization server issued none',
  ],
  [
    'requested without consent',
    { challengeScope: 'a', authorizationServer: lists },
    {},
    'without prompt=consent',
  ],
  ['not advertised', { challengeScope: 'a' }, {}, 'does not list offline_access'],
  [
    'not wanted',
    { challengeScope: 'a' },
    { wantsRefreshToken: false },
    'The client did not request one',
  ],
  ['no scope', { authorizationServer: lists }, {}, 'No scope is known'],
])(
  'explain: why there is no refresh token: %s',
  { tags: ['C-05'] },
  (_, sources, options, words) => {
    const text = explainMissingRefreshToken(negotiateScope(sources, options))
    expect(text).toContain(words)
    expect(text).toContain('must sign in again when the access token expires')
  },
)
