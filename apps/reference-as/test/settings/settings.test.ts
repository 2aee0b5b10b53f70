import { expect, test } from 'vitest'
import { readAccessTokenLifetimeSeconds } from '../../src/settings/read-configuration.ts'
import { configurationWarnings } from '../../src/settings/configuration-warnings.ts'
import { resolveSettings } from '../../src/settings/resolve-settings.ts'
import { settings as allSettings } from '../../src/settings/settings-table.ts'
import { durationInWords } from '../../src/pages/words.ts'

test.each([
  [2, 30],
  [300, 75],
  [1200, 300],
  [28_800, 300],
])(
  'settings: with access tokens of %i s, the default grace is %i s',
  { tags: ['A-05', 'A-06'] },
  (accessTokenLifetimeSeconds, graceSeconds) => {
    const settings = resolveSettings({ demo: true, accessTokenLifetimeSeconds })
    expect(settings.graceSeconds).toBe(graceSeconds)
  },
)

test.each([
  [{ accessTokenLifetimeSeconds: 300, graceSeconds: 300 }, ['The grace (300 s) is not shorter']],
  [{ accessTokenLifetimeSeconds: 300, graceSeconds: 299 }, []],
  [{ accessTokenLifetimeSeconds: 300, graceSeconds: 0 }, []],
  [{ accessTokenLifetimeSeconds: 300 }, []],
  // Tests use access tokens this short, and the default grace is not a mistake.
  [{ accessTokenLifetimeSeconds: 2 }, []],
  [{ accessTokenLifetimeSeconds: 2, graceSeconds: 31 }, ['The grace (31 s) is not shorter']],
])(
  'settings: warns about a grace that hides reuse, %j',
  { tags: ['A-05', 'A-06'] },
  (options, warnings) => {
    const found = configurationWarnings(resolveSettings({ demo: true, ...options }))
    expect(found).toEqual(warnings.map((warning) => expect.stringContaining(warning)))
  },
)

test.each([
  ['a domain with a port', { trustedDomains: ['a.example:443'] }],
  ['a domain in upper case', { trustedDomains: ['A.example'] }],
  ['a URL for a domain', { trustedDomains: ['https://a.example'] }],
  ['no domain', { trustedDomains: [''] }],
  ['a limit for untrusted clients when all are trusted', { untrustedLifetimeSeconds: 60 }],
  ['a negative limit', { localRedirectLifetimeSeconds: -1 }],
  ['a limit that is not a number', { newClientLifetimeSeconds: Number.NaN }],
])('settings: refuses risk rules with %s', { tags: ['A-01'] }, (_, options) => {
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
])('consent page: %i s are %s', { tags: ['A-10'] }, (seconds, words) => {
  expect(durationInWords(seconds)).toBe(words)
})

test('settings: the lifetime of access tokens for old signing keys follows the emulated product', () => {
  const read = (flags: Record<string, string>) =>
    readAccessTokenLifetimeSeconds({ flags, environment: {} })
  expect(read({})).toBe(300)
  expect(read({ emulate: 'github' })).toBe(
    resolveSettings({ demo: true, emulate: 'github' }).accessTokenLifetimeSeconds,
  )
  expect(read({ emulate: 'github' })).toBeGreaterThan(3600)
  expect(read({ emulate: 'github', 'access-token-ttl': '60' })).toBe(60)
})

test.each(allSettings.map((setting) => [setting.option, setting] as const))(
  'settings: %s says what it expects, in its option and in its flag',
  { tags: ['A-07'] },
  (_, { schema, kind }) => {
    for (const one of [schema, kind.read]) {
      for (const wrong of [Symbol('wrong'), [{}], -1.5]) {
        const issues = one.safeParse(wrong).error?.issues ?? []
        for (const { message } of issues) expect(message).not.toMatch(/invalid|too |expected/i)
      }
    }
    expect(schema.safeParse(Symbol('wrong')).success).toBe(false)
    expect(kind.read.safeParse(Symbol('wrong')).success).toBe(false)
  },
)
