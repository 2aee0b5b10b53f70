import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergeTokenResponse, parseTokenResponse, ProtocolError } from '../../src/index.ts'
import type { TokenSet } from '../../src/index.ts'

const body = { access_token: 'at', token_type: 'Bearer' }

test('token response: parses a full response without unused members', () => {
  expect(
    parseTokenResponse({
      ...body,
      expires_in: 3600,
      refresh_token: 'rt',
      scope: 'b a',
      id_token: 'x',
    }),
  ).toEqual({
    access_token: 'at',
    token_type: 'Bearer',
    expires_in: 3600,
    refresh_token: 'rt',
    scope: 'b a',
    warnings: [],
  })
})

test.each([
  ['absent', undefined, undefined, []],
  ['null', null, undefined, []],
  ['a number', 2, 2, []],
  ['a fraction', 2.9, 2, []],
  ['less than a second', 0.5, 1, []],
  ['a numeric string', '3600', 3600, []],
  ['zero', 0, undefined, ['expires-in-ignored']],
  ['negative', -1, undefined, ['expires-in-ignored']],
  ['a negative string', '-1', undefined, ['expires-in-ignored']],
  ['words', 'soon', undefined, ['expires-in-ignored']],
  ['an object', {}, undefined, ['expires-in-ignored']],
  ['absurd', 1e15, 315_360_000, ['expires-in-capped']],
])(
  'token response: expires_in that is %s',
  { tags: ['C-05'] },
  (_, expiresIn, expected, warnings) => {
    const response = parseTokenResponse({ ...body, expires_in: expiresIn })
    expect(response.expires_in).toBe(expected)
    expect(response.warnings.map((warning) => warning.code)).toEqual(warnings)
  },
)

test.each([
  ['bearer', 'Bearer', []],
  ['BEARER', 'Bearer', []],
  ['dpop', 'DPoP', []],
  [undefined, 'Bearer', ['token-type-absent']],
  ['', 'Bearer', ['token-type-absent']],
])('token response: token_type %s is %s', (tokenType, expected, warnings) => {
  const response = parseTokenResponse({ access_token: 'at', token_type: tokenType })
  expect(response.token_type).toBe(expected)
  expect(response.warnings.map((warning) => warning.code)).toEqual(warnings)
})

test.each([
  ['no object', 'at'],
  ['null', null],
  ['an array', [body]],
  ['no access token', { token_type: 'Bearer', refresh_token: 'canary-rt' }],
  ['an empty access token', { ...body, access_token: '' }],
  ['an access token that is not a string', { ...body, access_token: 7 }],
  ['an access token that would break a header', { ...body, access_token: 'canary\r\nX: y' }],
  ['an unknown token type', { ...body, access_token: 'canary', token_type: 'mac' }],
])('token response: refuses %s, and shows no token', { tags: ['C-06'] }, (_, wrong) => {
  let error: unknown
  try {
    parseTokenResponse(wrong)
  } catch (thrown) {
    error = thrown
  }
  expect(ProtocolError.is(error) && error.code).toBe('TOKEN_RESPONSE_INVALID')
  expect(String(error)).not.toContain('canary')
})

test.each([
  ['null', null, []],
  ['empty', '', []],
  ['no string', 7, ['refresh-token-ignored']],
  ['unprintable', 'a\nb', ['refresh-token-ignored']],
])(
  'token response: a refresh token that is %s counts as absent',
  { tags: ['C-50'] },
  (_, refreshToken, warnings) => {
    const response = parseTokenResponse({ ...body, refresh_token: refreshToken })
    expect(response.refresh_token).toBeUndefined()
    expect(response.warnings.map((warning) => warning.code)).toEqual(warnings)
  },
)

test.each([
  ['a list', ['a', 'b'], 'a b', []],
  ['empty', '', undefined, []],
  ['untidy', ' a  a b ', 'a b', []],
  ['partly wrong', 'a "b"', 'a', ['scope-ignored']],
  ['no string', 7, undefined, ['scope-ignored']],
])('token response: scope that is %s', { tags: ['C-56'] }, (_, scope, expected, warnings) => {
  const response = parseTokenResponse({ ...body, scope })
  expect(response.scope).toBe(expected)
  expect(response.warnings.map((warning) => warning.code)).toEqual(warnings)
})

const previous: TokenSet = {
  accessToken: 'old',
  tokenType: 'Bearer',
  expiresAtEpochSeconds: 100,
  issuedAtEpochSeconds: 0,
  refreshToken: 'rt1',
  scope: 'a b offline_access',
}
const now = { nowEpochSeconds: 1000 }

test(
  'merge: keeps the refresh token and the scope if the response has none',
  { tags: ['C-50'] },
  () => {
    expect(
      mergeTokenResponse(previous, parseTokenResponse({ ...body, expires_in: 60 }), now),
    ).toEqual({
      tokenSet: {
        accessToken: 'at',
        tokenType: 'Bearer',
        expiresAtEpochSeconds: 1060,
        issuedAtEpochSeconds: 1000,
        refreshToken: 'rt1',
        scope: 'a b offline_access',
      },
      refreshToken: 'kept',
      missingScopes: [],
    })
  },
)

test.each([
  ['rotated', previous, 'rt2', 'rotated', 'rt2'],
  ['repeated', previous, 'rt1', 'kept', 'rt1'],
  ['issued', undefined, 'rt1', 'issued', 'rt1'],
  ['not issued', undefined, undefined, 'none', undefined],
])(
  'merge: a refresh token that is %s',
  { tags: ['C-05', 'C-50'] },
  (_, before, sent, outcome, held) => {
    const merge = mergeTokenResponse(
      before,
      parseTokenResponse({ ...body, refresh_token: sent }),
      now,
    )
    expect(merge.refreshToken).toBe(outcome)
    expect(merge.tokenSet.refreshToken).toBe(held)
  },
)

test.each([
  ['narrower than requested', 'a', 'a b c', ['b', 'c']],
  ['narrower than before', 'a', undefined, ['b']],
  ['wider', 'a b c d', 'a', []],
  ['without offline_access', 'a b', 'a b offline_access', []],
  ['not said', undefined, 'a b c', []],
])(
  'merge: a granted scope that is %s',
  { tags: ['C-56'] },
  (_, granted, requestedScope, missing) => {
    const merge = mergeTokenResponse(previous, parseTokenResponse({ ...body, scope: granted }), {
      ...now,
      requestedScope,
    })
    expect(merge.missingScopes).toEqual(missing)
    expect(merge.tokenSet.scope).toBe(granted ?? requestedScope)
  },
)

test(
  'merge: the lifetime starts at the whole second, as servers count it',
  { tags: ['C-55'] },
  () => {
    const { tokenSet } = mergeTokenResponse(
      undefined,
      parseTokenResponse({ access_token: 'at', token_type: 'Bearer', expires_in: 2 }),
      { nowEpochSeconds: 1_000_000.9 },
    )
    expect(tokenSet.expiresAtEpochSeconds).toBe(1_000_002)
    expect(tokenSet.issuedAtEpochSeconds).toBe(1_000_000.9)
  },
)

test('merge: a token without a lifetime has no expiry', { tags: ['C-05'] }, () => {
  const { tokenSet } = mergeTokenResponse(previous, parseTokenResponse(body), now)
  expect(tokenSet.expiresAtEpochSeconds).toBeUndefined()
})

test('token response law: parsing any value returns a response or throws the typed error', () => {
  const members = fc.record(
    {
      access_token: fc.oneof(fc.constant('at'), fc.anything()),
      token_type: fc.oneof(fc.constant('bearer'), fc.anything()),
      expires_in: fc.anything(),
      refresh_token: fc.anything(),
      scope: fc.anything(),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(members, fc.anything()), (value) => {
      let usable = false
      try {
        const { tokenSet } = mergeTokenResponse(undefined, parseTokenResponse(value), now)
        usable = tokenSet.accessToken !== '' && (tokenSet.expiresAtEpochSeconds ?? Infinity) > 1000
      } catch (error) {
        usable = ProtocolError.is(error)
      }
      expect(usable).toBe(true)
    }),
  )
})
