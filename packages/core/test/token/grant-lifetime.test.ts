import { expect, test } from 'vitest'
import { mergeTokenResponse, parseTokenResponse } from '../../src/index.ts'
import type { TokenSet } from '../../src/index.ts'

const tokens = { access_token: 'at', token_type: 'Bearer', refresh_token: 'rt' }
const day = 86_400

test.each<[Record<string, unknown>, unknown, unknown]>([
  [
    { refresh_token_timeout: 604_800, authorization_expires_in: 864_000 },
    { seconds: 604_800, source: 'refresh_token_timeout' },
    { seconds: 864_000, source: 'authorization_expires_in' },
  ],
  [
    { refresh_token_expires_in: 86_400 },
    { seconds: 86_400, source: 'refresh_token_expires_in' },
    undefined,
  ],
  [{ refresh_expires_in: '1800' }, { seconds: 1800, source: 'refresh_expires_in' }, undefined],
  [
    { x_refresh_token_expires_in: 8_726_400 },
    { seconds: 8_726_400, source: 'x_refresh_token_expires_in' },
    undefined,
  ],
  [
    { refresh_expires_in: 60, refresh_token_timeout: 30 },
    { seconds: 30, source: 'refresh_token_timeout' },
    undefined,
  ],
  // The draft requires large values to be taken literally.
  [
    { authorization_expires_in: 3_155_695_200 },
    undefined,
    { seconds: 3_155_695_200, source: 'authorization_expires_in' },
  ],
  [{ refresh_expires_in: 0 }, undefined, undefined],
  [{ refresh_token_timeout: null, authorization_expires_in: '' }, undefined, undefined],
  [{}, undefined, undefined],
])(
  'grant lifetime: %j means %j and %j',
  { tags: ['C-58'] },
  (members, refreshToken, authorization) => {
    const { lifetimes, warnings } = parseTokenResponse({ ...tokens, ...members })
    expect(lifetimes?.refreshToken).toEqual(refreshToken)
    expect(lifetimes?.authorization).toEqual(authorization)
    expect(warnings).toEqual([])
  },
)

test.each([
  ['milliseconds', { refresh_token_expires_in: 2_592_000_000 }],
  ['a date', { refresh_expires_in: 1_800_000_000 }],
  ['negative', { refresh_token_timeout: -1 }],
  ['zero', { refresh_token_expires_in: 0 }],
  ['text', { authorization_expires_in: 'never' }],
  ['an object', { x_refresh_token_expires_in: {} }],
  ['absurd', { authorization_expires_in: 1e20 }],
  ['not a number', { authorization_expires_in: true }],
])(
  'grant lifetime: a value that is %s is left out with a warning',
  { tags: ['C-58'] },
  (_, members) => {
    const { lifetimes, warnings } = parseTokenResponse({ ...tokens, ...members })
    expect(lifetimes).toBeUndefined()
    expect(warnings.map(({ code }) => code)).toEqual(['grant-lifetime-ignored'])
    expect(warnings[0]?.message).toContain(Object.keys(members)[0])
  },
)

/** The token set after responses with these members, each a number of days after the first. */
function afterResponses(
  ...responses: readonly (readonly [number, Record<string, unknown>])[]
): TokenSet | undefined {
  let tokenSet: TokenSet | undefined
  for (const [days, members] of responses) {
    const response = parseTokenResponse({ ...tokens, refresh_token: `rt-${days}`, ...members })
    tokenSet = mergeTokenResponse(tokenSet, response, { nowEpochSeconds: days * day }).tokenSet
  }
  return tokenSet
}

test('grant lifetime: the example of the draft', { tags: ['C-58'] }, () => {
  const set = afterResponses(
    [0, { refresh_token_timeout: 7 * day, authorization_expires_in: 10 * day }],
    [2, { refresh_token_timeout: 7 * day, authorization_expires_in: 8 * day }],
    [7, { refresh_token_timeout: 3 * day, authorization_expires_in: 3 * day }],
  )
  expect(set?.authorizationExpiry).toEqual({
    atEpochSeconds: 10 * day,
    source: 'authorization_expires_in',
    isFixed: true,
  })
  expect(set?.refreshTokenExpiry?.atEpochSeconds).toBe(10 * day)
})

test.each([
  ['moves with each refresh', [1, { refresh_token_expires_in: 30 * day }], 31 * day, false],
  ['stays', [1, { refresh_token_expires_in: 29 * day }], 30 * day, true],
  ['is not repeated for the same token', [1, { refresh_token: 'rt-0' }], 30 * day, true],
] as const)(
  'grant lifetime: an end that %s',
  { tags: ['C-58'] },
  (_, second, atEpochSeconds, isFixed) => {
    const set = afterResponses([0, { refresh_token_expires_in: 30 * day }], second)
    expect(set?.refreshTokenExpiry).toMatchObject({ atEpochSeconds, isFixed })
  },
)

test(
  'grant lifetime: the end of a replaced token says nothing about its successor',
  {
    tags: ['C-58'],
  },
  () => {
    const set = afterResponses([0, { refresh_token_expires_in: 30 * day }], [1, {}])
    expect(set?.refreshTokenExpiry).toBeUndefined()
  },
)
