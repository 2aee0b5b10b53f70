import { expect, test } from 'vitest'
import {
  behaviorsOf,
  findEmulatedServer,
  emulatedServers,
} from '../../src/emulation/servers/catalog.ts'

test('emulated servers: every behavior has a status and a source', () => {
  for (const server of emulatedServers) {
    const facts = [...behaviorsOf(server).map(([, behavior]) => behavior), ...server.notes]
    expect(facts.length).toBeGreaterThan(0)
    for (const { status, source, date } of facts) {
      expect(date).toMatch(/^20\d\d-\d\d-\d\d$/)
      expect(status).toMatch(/^(measured|documented|inferred)$/)
      // A URL, a place in a repository, or a version.
      expect(source).toMatch(/^https:\/\/|@[0-9a-f]{7,}|\d+\.\d+\.\d+|^\S+\/\S+, |AWS/)
    }
  }
})

test('emulated servers: exactly the measured behaviors name a version', () => {
  for (const server of emulatedServers) {
    for (const [, { status, source }] of behaviorsOf(server)) {
      expect(/\d+\.\d+\.\d+.*, November 2026$/.test(source)).toBe(status === 'measured')
    }
  }
})

test('emulated servers: issues, forums and third-party pages count as inferred', () => {
  const others =
    /\/(issues|pull|discussions)\/|\/answers\/|\/\/(forum|community)\.|\/\/(raw\.githubusercontent|qiita|usefulangle|glama|www\.(unipile|nango|pulumi))\./
  const secondHand = emulatedServers
    .flatMap((server) => [...behaviorsOf(server).map(([, behavior]) => behavior), ...server.notes])
    .filter(({ source }) => others.test(source))
  expect(secondHand).not.toEqual([])
  expect(secondHand.filter(({ status }) => status !== 'inferred')).toEqual([])
})

test('emulated servers: names are unique, sorted and fit for a command line', () => {
  const names = emulatedServers.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names).toEqual(names.toSorted())
  for (const server of emulatedServers) {
    expect(server.name).toMatch(/^[a-z0-9-]+$/)
    expect(findEmulatedServer(server.name)).toBe(server)
  }
  expect(findEmulatedServer('unknown')).toBeUndefined()
})
