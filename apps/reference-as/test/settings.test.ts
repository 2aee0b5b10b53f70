import { expect, test } from 'vitest'
import { readAccessTokenLifetimeSeconds } from '../src/configuration.ts'
import { resolveSettings } from '../src/options.ts'
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
