import { expect, test } from 'vitest'
import { mergeTokenResponse, parseTokenResponse } from '../../src/index.ts'

/** The scopes that are reported as not granted. */
function missing(requestedScope: string, scope: string): readonly string[] {
  const response = parseTokenResponse({ access_token: 'at', token_type: 'Bearer', scope })
  return mergeTokenResponse(undefined, response, { nowEpochSeconds: 0, requestedScope })
    .missingScopes
}

test.each([
  ['mcp:read mcp:write', 'mcp:read,mcp:write'],
  ['mcp:read mcp:write', 'mcp:read, mcp:write'],
  ['mcp:read mcp:write', ',mcp:write,mcp:read,'],
  ['email', 'https://host.test/auth/email'],
  ['email profile', 'https://host.test/auth/email,https://host.test/auth#profile'],
  ['a,b', 'a,b'],
])('granted scope: %s is not missing in %s', { tags: ['C-56'] }, (requested, granted) => {
  expect(missing(requested, granted)).toEqual([])
})

test.each([
  ['mcp:read mcp:write', 'mcp:read', ['mcp:write']],
  ['mcp:read mcp:write', 'mcp:read,mcp:admin', ['mcp:write']],
  ['email', 'https://host.test/email/read', ['email']],
  ['read', 'mcp:read', ['read']],
])(
  'granted scope: %s granted as %s lacks %j',
  { tags: ['C-56'] },
  (requested, granted, expected) => {
    expect(missing(requested, granted)).toEqual(expected)
  },
)
