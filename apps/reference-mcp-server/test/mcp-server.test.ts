import { request } from 'node:http'
import { readBearerChallenge } from '@evergrant/core'
import { jsonBody } from '@evergrant/test-kit'
import type { Client } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { startMcpServer } from '../src/index.ts'
import { call, startNotes } from './notes.ts'
import type { Era } from './notes.ts'

const eras: readonly Era[] = ['2025-11-25', '2026-07-28']

async function callText(client: Client, name: string, args = {}): Promise<string> {
  const { content } = await client.callTool({ name, arguments: args })
  return content.map((part) => (part.type === 'text' ? part.text : part.type)).join('')
}

test.each(eras)('tools: all three are available to clients of %s', async (era) => {
  await using setup = await startNotes()
  const client = await setup.connect(era, await setup.token('mcp:admin'))
  expect(client.getNegotiatedProtocolVersion()).toBe(era)
  const { tools } = await client.listTools()
  expect(tools.map((tool) => tool.name)).toEqual(['notes_list', 'notes_add', 'notes_clear'])
  expect(await callText(client, 'notes_list')).toBe('No notes.')
  expect(await callText(client, 'notes_add', { text: 'buy milk' })).toBe('1. buy milk')
  expect(await callText(client, 'notes_add', { text: 'sell cow' })).toBe('1. buy milk\n2. sell cow')
  expect(await callText(client, 'notes_clear')).toBe('Removed 2 notes.')
  expect(setup.server.stats().toolCalls).toEqual({ notes_list: 1, notes_add: 2, notes_clear: 1 })
})

test.each(eras)(
  'step-up: a call without the required scope gets 403 in %s',
  { tags: ['S-13'] },
  async (era) => {
    await using setup = await startNotes()
    const client = await setup.connect(era, await setup.token('mcp:read'))
    expect(await callText(client, 'notes_list')).toBe('No notes.')
    await expect(client.callTool({ name: 'notes_add', arguments: { text: 'x' } })).rejects.toThrow(
      /403|scope/i,
    )
    expect(setup.server.stats()).toMatchObject({
      byStatus: { 403: 1 },
      refusals: { 'insufficient-scope': 1 },
      toolCalls: { notes_list: 1 },
    })
    expect(await callText(client, 'notes_list')).toBe('No notes.')
  },
)

test('challenge: the first one asks only for mcp:read', { tags: ['S-10', 'S-11'] }, async () => {
  await using setup = await startNotes()
  const message = { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }
  const response = await setup.post(message)
  expect(response.status).toBe(401)
  expect(readBearerChallenge(response.headers.get('www-authenticate'))).toEqual({
    scheme: 'Bearer',
    scope: ['mcp:read'],
    resource_metadata: setup.server.metadataUrl,
  })
})

test('metadata: does not contain offline_access', { tags: ['S-02', 'S-10'] }, async () => {
  await using setup = await startNotes()
  const metadata = await jsonBody(await fetch(setup.server.metadataUrl))
  expect(metadata).toMatchObject({
    resource: setup.server.resource,
    authorization_servers: [setup.as.issuer],
    scopes_supported: ['mcp:read'],
  })
})

test.each([
  ['notes_add', 'mcp:read', ['mcp:read', 'mcp:write']],
  // The challenge also names scopes that the token already has: all that the operation requires.
  ['notes_add', 'mcp:write', ['mcp:read', 'mcp:write']],
  ['notes_clear', 'mcp:read mcp:write', ['mcp:admin']],
  ['notes_list', 'mcp:write', ['mcp:read']],
])(
  'challenge: %s with %s is challenged for all required scopes: %j',
  { tags: ['S-13', 'S-01'] },
  async (tool, held, needed) => {
    await using setup = await startNotes()
    const response = await setup.post(call(tool, { text: 'x' }), await setup.token(held))
    expect(response.status).toBe(403)
    expect(readBearerChallenge(response.headers.get('www-authenticate'))).toMatchObject({
      error: 'insufficient_scope',
      scope: needed,
      resource_metadata: setup.server.metadataUrl,
    })
  },
)

test('challenge: covers every message of a batch', { tags: ['S-13'] }, async () => {
  await using setup = await startNotes()
  const batch = [call('notes_list'), call('notes_add', { text: 'x' }), call('notes_clear')]
  const response = await setup.post(batch, await setup.token('mcp:read'))
  expect(response.status).toBe(403)
  const challenge = readBearerChallenge(response.headers.get('www-authenticate'))
  expect(challenge?.scope).toEqual(['mcp:read', 'mcp:write', 'mcp:admin'])
})

test('scopes: mcp:admin allows every tool', { tags: ['S-14'] }, async () => {
  await using setup = await startNotes()
  const client = await setup.connect('2026-07-28', await setup.token('mcp:admin'))
  expect(await callText(client, 'notes_add', { text: 'mine' })).toBe('1. mine')
})

test('notes: two users do not see each other’s notes', async () => {
  await using setup = await startNotes()
  const alice = await setup.connect('2026-07-28', await setup.token('mcp:admin', 'alice'))
  const bob = await setup.connect('2025-11-25', await setup.token('mcp:admin', 'bob'))
  await callText(alice, 'notes_add', { text: 'a secret' })
  expect(await callText(bob, 'notes_list')).toBe('No notes.')
  expect(await callText(bob, 'notes_clear')).toBe('Removed 0 notes.')
  expect(await callText(alice, 'notes_list')).toBe('1. a secret')
})

test('token: refused for another resource, and after it expired', { tags: ['S-12'] }, async () => {
  await using setup = await startNotes()
  const { as, server } = setup
  const tokens = [
    await as.signAccessToken({ scope: 'mcp:read', resource: 'https://other.example.com/mcp' }),
    await as.signAccessToken({
      scope: 'mcp:read',
      resource: server.resource,
      lifetimeSeconds: -60,
    }),
  ]
  for (const token of tokens) {
    expect((await setup.post(call('notes_list'), token)).status).toBe(401)
  }
  expect(server.stats().refusals).toEqual({ 'token-audience-mismatch': 1, 'token-expired': 1 })
})

test('request: malformed JSON gets an error, after the token was verified', async () => {
  await using setup = await startNotes()
  expect((await setup.post('{"jsonrpc": ')).status).toBe(401)
  const token = await setup.token('mcp:read')
  for (const garbage of ['{"jsonrpc": ', '""', 'null', '{}', '[]', '[[[]]]']) {
    const { status } = await setup.post(garbage, token)
    expect([garbage, status]).toEqual([garbage, 400])
  }
  const unknownTool = await setup.post(call('constructor'), token)
  expect(unknownTool.status).toBeLessThan(500)
})

test('request: a body that is too large is refused first', async () => {
  await using setup = await startNotes()
  const response = await setup.post(call('notes_add', { text: 'x'.repeat(300_000) }))
  expect(response.status).toBe(413)
})

test.each([
  { host: 'evil.example.com' },
  { origin: 'https://evil.example.com' },
  { origin: 'null' },
])('refuses requests from a rebound or foreign page: %j', async (headers) => {
  await using setup = await startNotes()
  const { port } = new URL(setup.server.url)
  const status = await new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, path: '/mcp', method: 'POST', headers },
      (response) => {
        response.resume()
        resolve(response.statusCode)
      },
    )
    outgoing.on('error', reject)
    outgoing.end()
  })
  expect(status).toBe(403)
})

test('request: another path gets 404 and is not counted', async () => {
  await using setup = await startNotes()
  expect((await fetch(new URL('/elsewhere', setup.server.url))).status).toBe(404)
  expect(setup.server.stats().requests).toBe(0)
})

test('server: an address beyond loopback requires resource', async () => {
  const options = { authorizationServer: 'https://as.example.com', host: '0.0.0.0' }
  await expect(startMcpServer(options)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
})

test('server: the error names the port that is in use', async () => {
  await using setup = await startNotes()
  const port = Number(new URL(setup.server.url).port)
  const options = { authorizationServer: setup.as.issuer, port }
  await expect(startMcpServer(options)).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringContaining('EADDRINUSE'),
  })
})

test('server: close() stops listening, and can be called twice', async () => {
  await using setup = await startNotes()
  await Promise.all([setup.server.close(), setup.server.close()])
  await expect(fetch(setup.server.url)).rejects.toThrow('fetch failed')
})
