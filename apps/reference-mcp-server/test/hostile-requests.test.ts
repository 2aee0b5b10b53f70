import { once } from 'node:events'
import { rawStatus, sendRaw } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { call, startNotes } from './notes.ts'
import type { NotesSetup } from './notes.ts'

const json = [
  'Content-Type: application/json',
  'Accept: application/json, text/event-stream',
] as const

function hostLine(setup: NotesSetup): string {
  return `Host: ${new URL(setup.server.url).host}`
}

test(
  'request: two Authorization lines get 400, regardless of which one is valid',
  { tags: ['S-12', 'S-13'] },
  async () => {
    await using setup = await startNotes()
    const good = `Authorization: Bearer ${await setup.token('mcp:read')}`
    const head = ['GET /mcp HTTP/1.1', hostLine(setup), ...json]
    for (const lines of [
      [good, 'Authorization: Bearer forged'],
      ['Authorization: Bearer forged', good],
      [good, good],
    ]) {
      expect(await rawStatus(setup.server.url, [...head, ...lines])).toBe(400)
    }
    // The token is valid, but the server does not serve GET.
    expect(await rawStatus(setup.server.url, [...head, good])).toBe(405)
    expect(setup.server.stats().refusals).toEqual({ 'several-credentials': 3 })
  },
)

test.each([
  ['Origin: http://localhost', 'Origin: https://evil.example.com'],
  ['Host: localhost', 'Host: evil.example.com'],
  ['Mcp-Session-Id: one', 'Mcp-Session-Id: two'],
])('answers 400 to a repeated header: %s, %s', { tags: ['S-13'] }, async (...lines) => {
  await using setup = await startNotes()
  const good = `Authorization: Bearer ${await setup.token('mcp:read')}`
  const own = lines[0]?.startsWith('Host') ? [] : [hostLine(setup)]
  const head = ['GET /mcp HTTP/1.1', ...own, ...lines, good]
  expect(await rawStatus(setup.server.url, head)).toBe(400)
})

test(
  'request: stalled POST requests without a token get 401 before their bodies arrive',
  { tags: ['S-11', 'S-13'] },
  async () => {
    await using setup = await startNotes()
    const expired = await setup.as.signAccessToken({
      scope: 'mcp:read',
      resource: setup.server.resource,
      lifetimeSeconds: -60,
    })
    const stalled = Array.from({ length: 50 }, (_, index) => {
      const framing = index % 2 === 0 ? 'Content-Length: 200000' : 'Transfer-Encoding: chunked'
      const credentials = index % 3 === 0 ? [`Authorization: Bearer ${expired}`] : []
      const head = ['POST /mcp HTTP/1.1', hostLine(setup), ...json, framing, ...credentials]
      return sendRaw(setup.server.url, head, index % 2 === 0 ? '{"jsonrpc":' : '')
    })
    const answers = await Promise.all(stalled.map(async ({ answer }) => await answer()))
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1\.1 401 [^]*scope="mcp:read"/)
    }
    for (const { socket } of stalled) socket.destroy()
    expect(setup.server.stats().byStatus).toEqual({ 401: 50 })
  },
)

test(
  'request: a large body without a token gets 401, even if it is sent in full',
  { tags: ['S-13'] },
  async () => {
    await using setup = await startNotes()
    const response = await setup.post(call('notes_write', { text: 'x'.repeat(250_000) }))
    expect(response.status).toBe(401)
  },
)

test(
  'request: the connection of a client with a valid token is closed if its body stalls',
  { tags: ['S-12'] },
  async () => {
    await using setup = await startNotes({ requestTimeoutMilliseconds: 50 })
    const token = await setup.token('mcp:read')
    const head = [
      'POST /mcp HTTP/1.1',
      hostLine(setup),
      ...json,
      `Authorization: Bearer ${token}`,
      'Content-Length: 1000',
    ]
    const { socket, answer } = sendRaw(setup.server.url, head, '{"jsonrpc":')
    expect(await answer()).toMatch(/^HTTP\/1\.1 408 /)
    if (!socket.closed) await once(socket, 'close')
    // No request line: empty lines before a request line are skipped.
    expect(await sendRaw(setup.server.url, []).answer()).toMatch(/^HTTP\/1\.1 408 /)
    expect((await setup.post(call('notes_list'), token)).status).toBe(200)
  },
)

test.each([
  ['GET http://HOST/mcp', 400],
  ['POST http://evil.example.com/mcp', 400],
  ['GET http://HOST/.well-known/oauth-protected-resource/mcp', 400],
  ['OPTIONS *', 400],
  ['TRACE /mcp', 400],
  ['GET //', 404],
  ['GET //evil.example.com/mcp', 404],
  ['GET /mcp%', 404],
  ['GET /%zz', 404],
  ['GET /.well-known/oauth-protected-resource/mcp?%', 404],
])('answers an odd request line: %s', { tags: ['S-13'] }, async (line, status) => {
  await using setup = await startNotes()
  const { host } = new URL(setup.server.url)
  const start = `${line.replace('HOST', host)} HTTP/1.1`
  expect(await rawStatus(setup.server.url, [start, hostLine(setup)])).toBe(status)
  expect(setup.server.stats().byStatus).not.toHaveProperty('500')
})

test.each(['', 'a b', 'user@127.0.0.1', '127.0.0.1:99999', '[::1', '127.0.0.1/mcp?'])(
  'request: an invalid Host gets 400: %j',
  { tags: ['S-13'] },
  async (host) => {
    await using setup = await startNotes()
    expect(await rawStatus(setup.server.url, ['GET /mcp HTTP/1.1', `Host: ${host}`])).toBe(400)
  },
)
