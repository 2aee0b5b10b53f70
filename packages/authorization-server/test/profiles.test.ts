import { expect, test } from 'vitest'
import { behavioursOf, serverProfile, serverProfiles } from '../src/profiles.ts'

test('every behaviour says how it is known, and from where', () => {
  for (const profile of serverProfiles) {
    const facts = [...behavioursOf(profile).map(([, behaviour]) => behaviour), ...profile.notes]
    expect(facts.length).toBeGreaterThan(0)
    for (const { status, source } of facts) {
      expect(status).toMatch(/^(measured|documented|inferred)$/)
      // A URL, a place in a repository, or a version.
      expect(source).toMatch(/^https:\/\/|@[0-9a-f]{7,}|\d+\.\d+\.\d+|^\S+\/\S+, |AWS/)
    }
  }
})

test('what was measured names the version, and nothing else claims to be', () => {
  for (const profile of serverProfiles) {
    for (const [, { status, source }] of behavioursOf(profile)) {
      expect(/\d+\.\d+\.\d+.*, November 2026$/.test(source)).toBe(status === 'measured')
    }
  }
})

test('what others say in issues, forums and pages of their own is not called documented', () => {
  const others =
    /\/(issues|pull|discussions)\/|\/answers\/|\/\/(forum|community)\.|\/\/(raw\.githubusercontent|qiita|usefulangle|glama|www\.(unipile|nango|pulumi))\./
  const secondHand = serverProfiles
    .flatMap((profile) => [
      ...behavioursOf(profile).map(([, behaviour]) => behaviour),
      ...profile.notes,
    ])
    .filter(({ source }) => others.test(source))
  expect(secondHand).not.toEqual([])
  expect(secondHand.filter(({ status }) => status !== 'inferred')).toEqual([])
})

test('names are unique, sorted, fit for a command line, and find their profile', () => {
  const names = serverProfiles.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names).toEqual(names.toSorted())
  for (const profile of serverProfiles) {
    expect(profile.name).toMatch(/^[a-z0-9-]+$/)
    expect(serverProfile(profile.name)).toBe(profile)
  }
  expect(serverProfile('nobody')).toBeUndefined()
})
