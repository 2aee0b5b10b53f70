import { rawStatus } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { call, startNotes } from './notes.ts'

function nested(levels: number, open: string, close: string): string {
  return `${open.repeat(levels)}1${close.repeat(levels)}`
}

test.each([
  ['arrays', nested(100_000, '[', ']')],
  ['objects', nested(40_000, '{"a":', '}')],
  [
    'arguments of a tool',
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"notes_list","arguments":${nested(50_000, '[', ']')}}}`,
  ],
  ['brackets that never close', '['.repeat(200_000)],
])('message: deeply nested %s get 400', { tags: ['S-13'] }, async (_case, body) => {
  await using setup = await startNotes()
  expect((await setup.post(body)).status).toBe(401)
  const response = await setup.post(body, await setup.token('mcp:read'))
  expect([response.status, await response.json()]).toEqual([
    400,
    {
      jsonrpc: '2.0',
      id: null,
      error: { code: -32_600, message: expect.stringContaining('64 levels') },
    },
  ])
})

test('message: brackets in strings are not nesting', async () => {
  await using setup = await startNotes()
  const text = `${'[{"'.repeat(1000)}\\`
  const message = call('notes_write', { title: '"[[\\"', text })
  const response = await setup.post(message, await setup.token('mcp:admin'))
  expect(response.status).toBe(200)
  expect(await response.text()).not.toContain('isError')
})

test(
  'message: a long title does not block the server',
  { tags: ['S-13'], timeout: 60_000 },
  async () => {
    await using setup = await startNotes()
    const token = await setup.token('mcp:admin')
    for (const title of [
      `${'a'.repeat(250_000)}\u0001`,
      ' '.repeat(250_000),
      `${' a'.repeat(125_000)}\n`,
    ]) {
      const response = await setup.post(call('notes_write', { title, text: '' }), token)
      expect(await response.text()).toContain('isError')
    }
  },
)

test('message: text that is not JSON gets 400, after the token was verified', async () => {
  await using setup = await startNotes()
  expect((await setup.post('{"jsonrpc": ')).status).toBe(401)
  const token = await setup.token('mcp:read')
  for (const garbage of ['', '{"jsonrpc": ', '\u0000', ']', '"', '"\\']) {
    const response = await setup.post(garbage, token)
    expect([garbage, response.status, await response.json()]).toEqual([
      garbage,
      400,
      expect.objectContaining({ id: null, error: expect.objectContaining({ code: -32_700 }) }),
    ])
  }
})

test('message: JSON that is not JSON-RPC gets 400', async () => {
  await using setup = await startNotes()
  const token = await setup.token('mcp:read')
  for (const garbage of ['""', 'null', '1', '{}', '[]', '[[[]]]', '[null]', '{"method":{}}']) {
    const { status } = await setup.post(garbage, token)
    expect([garbage, status]).toEqual([garbage, 400])
  }
  const unknownTool = await setup.post(call('constructor'), token)
  expect(unknownTool.status).toBeLessThan(500)
})

test('message: another media type gets 415', async () => {
  await using setup = await startNotes()
  const response = await fetch(setup.server.url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await setup.token('mcp:read')}`,
      'content-type': 'text/plain',
    },
    body: JSON.stringify(call('notes_list')),
  })
  expect(response.status).toBe(415)
})

test('batch: is answered for clients of 2025-03-26, up to 50 messages', async () => {
  await using setup = await startNotes()
  const token = await setup.token('mcp:read')
  const ping = (id: number): unknown => ({ jsonrpc: '2.0', id, method: 'ping' })
  const answered = await setup.post(
    Array.from({ length: 50 }, (_, id) => ping(id)),
    token,
  )
  expect(answered.status).toBe(200)
  expect((await answered.text()).match(/"result":/g)).toHaveLength(50)
  const refused = await setup.post(
    Array.from({ length: 51 }, (_, id) => ping(id)),
    token,
  )
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('Split it')])
})

test('batch: with a message of 2026-07-28 gets 400, because it has no batches', async () => {
  await using setup = await startNotes()
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
  const batch = [{ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } }]
  expect((await setup.post(batch, await setup.token('mcp:read'))).status).toBe(400)
})

test('request: a body that is too large gets 413 before the token is verified', async () => {
  await using setup = await startNotes()
  const message = call('notes_write', { title: 'x', text: 'x'.repeat(300_000) })
  expect((await setup.post(message)).status).toBe(413)
  expect(setup.server.stats().refusals).toEqual({})
})

test('request: a token of 1 MB gets 431', { tags: ['S-12'] }, async () => {
  await using setup = await startNotes()
  const lines = [
    'POST /mcp HTTP/1.1',
    `Host: ${new URL(setup.server.url).host}`,
    `Authorization: Bearer ${'x'.repeat(1_000_000)}`,
  ]
  expect(await rawStatus(setup.server.url, lines)).toBe(431)
  expect((await setup.post(call('notes_list'), await setup.token('mcp:read'))).status).toBe(200)
})
