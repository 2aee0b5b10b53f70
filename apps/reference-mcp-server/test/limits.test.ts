import { virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { call, startNotes } from './notes.ts'
import type { NotesSetup } from './notes.ts'

const start = 1_800_000_000

async function tokenOf(setup: NotesSetup, subject: string): Promise<string> {
  const { resource } = setup.server
  const claims = { iat: start, exp: start + 600 }
  return await setup.as.signAccessToken({ scope: 'mcp:read', subject, resource, claims })
}

function shown(response: Response): readonly [number, string | null] {
  return [response.status, response.headers.get('retry-after')]
}

test('rate limit: a user gets 429 with Retry-After, and other users are not affected', async () => {
  const clock = virtualClock(start)
  await using setup = await startNotes({ clock, maximumMessagesPerMinute: 3 })
  const alice = await tokenOf(setup, 'alice')
  for (let count = 0; count < 3; count += 1) {
    expect((await setup.post(call('notes_list'), alice)).status).toBe(200)
  }
  clock.advanceSeconds(20)
  const refused = await setup.post(call('notes_list'), alice)
  expect(shown(refused)).toEqual([429, '40'])
  expect(await refused.json()).toMatchObject({ error: { message: expect.stringContaining('40') } })
  // Another token of the same user.
  expect((await setup.post(call('notes_list'), await tokenOf(setup, 'alice'))).status).toBe(429)
  const bob = await tokenOf(setup, 'bob')
  expect((await setup.post(call('notes_list'), bob)).status).toBe(200)
  clock.advanceSeconds(40)
  expect((await setup.post(call('notes_list'), alice)).status).toBe(200)
  expect(setup.server.stats().refusals).toEqual({ 'too-many-requests': 2 })
})

test('rate limit: counts each message of a batch', async () => {
  await using setup = await startNotes({ maximumMessagesPerMinute: 10 })
  const token = await setup.token('mcp:read')
  const batch = Array.from({ length: 6 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }))
  expect((await setup.post(batch, token)).status).toBe(200)
  expect((await setup.post(batch, token)).status).toBe(429)
})

test('rate limit: 0 means no limit', async () => {
  await using setup = await startNotes({ maximumMessagesPerMinute: 0, maximumRefusalsPerMinute: 0 })
  const token = await setup.token('mcp:read')
  for (let count = 0; count < 20; count += 1) {
    expect((await setup.post(call('notes_list'), token)).status).toBe(200)
    expect((await setup.post(call('notes_list'))).status).toBe(401)
  }
})

test(
  'refusal limit: a network without valid tokens gets 429, and a page can read when to retry',
  { tags: ['S-16'] },
  async () => {
    const clock = virtualClock(start)
    await using setup = await startNotes({ clock, maximumRefusalsPerMinute: 2 })
    const origin = 'http://localhost:6274'
    const asked = async (): Promise<Response> =>
      await fetch(setup.server.url, { headers: { origin, authorization: 'Bearer forged' } })
    expect(shown(await asked())).toEqual([401, null])
    expect(shown(await asked())).toEqual([401, null])
    clock.advanceSeconds(1)
    const refused = await asked()
    expect(shown(refused)).toEqual([429, '59'])
    expect(refused.headers.get('access-control-allow-origin')).toBe(origin)
    expect(refused.headers.get('access-control-expose-headers')).toContain('Retry-After')
    // The metadata and the health check are not limited.
    expect((await fetch(setup.server.metadataUrl)).status).toBe(200)
    expect((await fetch(new URL('/healthz', setup.server.url))).status).toBe(200)
    clock.advanceSeconds(60)
    expect(shown(await asked())).toEqual([401, null])
  },
)

test(
  'refusal limit: neither a missing scope nor an outage counts',
  { tags: ['S-18'] },
  async () => {
    await using setup = await startNotes({ maximumRefusalsPerMinute: 1 })
    const token = await setup.token('mcp:read')
    for (let count = 0; count < 3; count += 1) {
      expect((await setup.post(call('notes_statistics'), token)).status).toBe(403)
    }
    await using unreachable = await startNotes({
      maximumRefusalsPerMinute: 1,
      jwksUri: 'http://127.0.0.1:1/jwks',
    })
    for (let count = 0; count < 3; count += 1) {
      const response = await unreachable.post(
        call('notes_list'),
        await unreachable.token('mcp:read'),
      )
      expect(response.status).toBe(503)
    }
  },
)

test('refusal limit: behind a proxy, counts the address that the proxy appended', async () => {
  await using setup = await startNotes({ maximumRefusalsPerMinute: 1, trustedProxies: 1 })
  const statusFrom = async (forwarded: string): Promise<number> => {
    const response = await fetch(setup.server.url, { headers: { 'x-forwarded-for': forwarded } })
    return response.status
  }
  expect(await statusFrom('203.0.113.1, 198.51.100.1')).toBe(401)
  expect(await statusFrom('203.0.113.2, 198.51.100.1')).toBe(429)
  expect(await statusFrom('198.51.100.2')).toBe(401)
})

test('refusal limit: without a trusted proxy, X-Forwarded-For has no effect', async () => {
  await using setup = await startNotes({ maximumRefusalsPerMinute: 1 })
  const statuses: number[] = []
  for (const forwarded of ['198.51.100.1', '198.51.100.2']) {
    const response = await fetch(setup.server.url, { headers: { 'x-forwarded-for': forwarded } })
    statuses.push(response.status)
  }
  expect(statuses).toEqual([401, 429])
})
