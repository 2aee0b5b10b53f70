import { once } from 'node:events'
import { rawStatus, sendRaw } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import type { LogEntry } from '../src/index.ts'
import { createJsonLog } from '../src/telemetry/log.ts'
import { call, startNotes, writeNote } from './notes.ts'
import type { NotesSetup } from './notes.ts'

/** A server whose log can be read when all requests are logged. */
async function startLogged(): Promise<{
  readonly setup: NotesSetup
  readonly requests: () => Promise<readonly LogEntry[]>
  readonly all: readonly LogEntry[]
}> {
  const all: LogEntry[] = []
  const setup = await startNotes({ log: (entry) => all.push(entry) })
  return {
    setup,
    all,
    async requests() {
      // Waits for the requests, and so for their entries.
      await setup.server.close()
      return all.filter(({ event }) => event === 'request')
    },
  }
}

test('log: one entry per request, with the ID that the response has', async () => {
  const { setup, requests } = await startLogged()
  await using _setup = setup
  const { url, metadataUrl } = setup.server
  const token = await setup.token('mcp:read')
  const read = await setup.post(call('notes_list'), token)
  await read.text()
  await (await setup.post(call('notes_write', { title: 'x', text: '' }), token)).text()
  await (await setup.post(call('notes_list'))).text()
  await (await fetch(metadataUrl)).text()
  await (await fetch(new URL('/healthz', url))).text()
  await (await fetch(url, { headers: { origin: 'https://evil.example.com' } })).text()
  await rawStatus(url, ['GET /mcp HTTP/1.1', 'Host: evil.example.com'])

  const entries = await requests()
  expect(entries.map(({ operation, status, reason }) => [operation, status, reason])).toEqual([
    ['tools/call notes_list', 200, undefined],
    ['tools/call notes_write', 403, 'insufficient-scope'],
    ['mcp', 401, 'no-credentials'],
    ['metadata', 200, undefined],
    ['health', 200, undefined],
    ['other', 403, 'foreign-origin'],
    ['other', 403, 'foreign-host'],
  ])
  const [first, second, third] = entries
  expect(first).toMatchObject({
    level: 'info',
    id: read.headers.get('x-request-id'),
    method: 'POST',
    milliseconds: expect.any(Number),
  })
  expect([first?.['caller'], third?.['caller']]).toEqual([second?.['caller'], undefined])
})

test('log: an interrupted request has an entry', async () => {
  const { setup, requests } = await startLogged()
  await using _setup = setup
  const { socket } = sendRaw(
    setup.server.url,
    [
      'POST /mcp HTTP/1.1',
      `Host: ${new URL(setup.server.url).host}`,
      'Content-Type: application/json',
      `Authorization: Bearer ${await setup.token('mcp:read')}`,
      'Content-Length: 10',
      'Expect: 100-continue',
    ],
    '',
  )
  await once(socket, 'data')
  socket.destroy()
  expect(await requests()).toEqual([expect.objectContaining({ reason: 'interrupted' })])
})

test('log: contains no token, no content, no user and no text of the client', async () => {
  const { setup, requests, all } = await startLogged()
  await using _setup = setup
  const token = await setup.token('mcp:admin', 'alice@example.com')
  const client = await setup.connect('2026-07-28', token)
  await writeNote(client, { title: 'a private title', text: 'a private text' })
  await setup.post(call('a private tool'), token)
  await setup.post({ jsonrpc: '2.0', id: 1, method: 'a private method' }, token)
  await setup.post('{"a private text', token)
  const batch = [call('notes_list'), call('a private tool')]
  await (await setup.post(batch, token)).text()
  await fetch(new URL('/a-private-path', setup.server.url))
  await requests()
  const text = JSON.stringify(all)
  expect(text).toContain('"operation":"other"')
  expect(text).toContain('"operation":"batch"')
  for (const secret of ['private', 'alice', token, token.split('.')[2] ?? '']) {
    expect(text).not.toContain(secret)
  }
})

test('log: a log that throws fails no request', async () => {
  await using setup = await startNotes({
    log() {
      throw new Error('The disk is full.')
    },
  })
  expect((await setup.post(call('notes_list'), await setup.token('mcp:read'))).status).toBe(200)
})

test('log: each line is JSON without characters that reorder or hide text', () => {
  const lines: string[] = []
  const log = createJsonLog((line) => lines.push(line))
  log({ level: 'warn', event: 'token.not_verified', detail: 'a\u202eb\u009b\nc' })
  expect(lines).toEqual([expect.stringMatching(/^[ -~]+\n$/)])
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'warn',
    time: expect.stringMatching(/Z$/),
    event: 'token.not_verified',
    detail: 'a\u202eb\u009b\nc',
  })
})
