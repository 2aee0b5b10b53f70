import { expect, test } from 'vitest'
import { readAccessTokenLifetimeSeconds } from '../src/settings/configuration.ts'
import { doubtsAbout } from '../src/settings/configuration-warnings.ts'
import { resolveSettings } from '../src/settings/options.ts'
import { durationInWords } from '../src/pages/pages.ts'

test.each([
  [2, 30],
  [300, 75],
  [1200, 300],
  [28_800, 300],
])(
  'with access tokens of %i s a superseded token is honoured for %i s',
  { tags: ['A-05', 'A-06'] },
  (accessTokenLifetimeSeconds, graceSeconds) => {
    const settings = resolveSettings({ demo: true, accessTokenLifetimeSeconds })
    expect(settings.graceSeconds).toBe(graceSeconds)
  },
)

test.each([
  [{ accessTokenLifetimeSeconds: 300, graceSeconds: 300 }, ['A grace of 300 s is no shorter']],
  [{ accessTokenLifetimeSeconds: 300, graceSeconds: 299 }, []],
  [{ accessTokenLifetimeSeconds: 300, graceSeconds: 0 }, []],
  [{ accessTokenLifetimeSeconds: 300 }, []],
  // Tests have tokens this short; their default is nobody's mistake.
  [{ accessTokenLifetimeSeconds: 2 }, []],
  [{ accessTokenLifetimeSeconds: 2, graceSeconds: 31 }, ['A grace of 31 s is no shorter']],
])('a grace that hides reuse is doubted: %j', { tags: ['A-05', 'A-06'] }, (options, doubts) => {
  const found = doubtsAbout(resolveSettings({ demo: true, ...options }))
  expect(found).toEqual(doubts.map((doubt) => expect.stringContaining(doubt)))
})

test.each([
  ['a domain with a port', { trustedDomains: ['a.example:443'] }],
  ['a domain in upper case', { trustedDomains: ['A.example'] }],
  ['a URL for a domain', { trustedDomains: ['https://a.example'] }],
  ['no domain', { trustedDomains: [''] }],
  ['a limit for others, where all are trusted', { untrustedLifetimeSeconds: 60 }],
  ['a negative limit', { localRedirectLifetimeSeconds: -1 }],
  ['a limit that is no number', { newClientLifetimeSeconds: Number.NaN }],
])('risk rules that cannot work: %s', { tags: ['A-01'] }, (_, options) => {
  expect(() => resolveSettings({ demo: true, ...options })).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID' }),
  )
})

test.each([
  [30, '1 minute'],
  [600, '10 minutes'],
  [3600, '60 minutes'],
  [7200, '2 hours'],
  [34 * 3600, '34 hours'],
  [90 * 86_400 - 1, '89 days'],
  [90 * 86_400, '90 days'],
])('%i s of lasting access are %s, on the consent page', { tags: ['A-10'] }, (seconds, words) => {
  expect(durationInWords(seconds)).toBe(words)
})

test('old signing keys are kept for the access tokens of the profile in force', () => {
  const read = (flags: Record<string, string>) =>
    readAccessTokenLifetimeSeconds({ flags, environment: {} })
  expect(read({})).toBe(300)
  expect(read({ profile: 'github' })).toBe(
    resolveSettings({ demo: true, profile: 'github' }).accessTokenLifetimeSeconds,
  )
  expect(read({ profile: 'github' })).toBeGreaterThan(3600)
  expect(read({ profile: 'github', 'access-token-ttl': '60' })).toBe(60)
})
