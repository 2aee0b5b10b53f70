import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import { seededRandom } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { runProxyCommandLine } from '../src/proxy/cli.ts'
import { answerHandshake, scriptedMcp } from './proxy-support.ts'
import type { Rpc } from './proxy-support.ts'
import { temporaryFolder } from './support.ts'

type Random = () => number

function pick<Value>(random: Random, values: readonly Value[]): Value {
  const value = values[Math.floor(random() * values.length)]
  if (value === undefined) throw new Error('expected a value')
  return value
}

const noise = [
  '',
  '\0',
  '\u001B[2J\u202E',
  '{',
  ']',
  '"',
  '\n\n',
  '\r\n',
  'data: ',
  'id: a\0b\n',
  'retry: 0\n',
  'event: error\n',
  ': comment\n',
  '\uFEFF',
  '1e999',
  '{"__proto__":{"polluted":true}}',
  '[[[[[[[[[[[[[[[[',
]

function mutateText(random: Random, text: string): string {
  const at = Math.floor(random() * (text.length + 1))
  const cut = Math.floor(random() * 12)
  return `${text.slice(0, at)}${pick(random, noise)}${text.slice(at + cut)}`
}

/** Answers a call with something that a good server does not send. The connection always ends. */
function answerBadly(random: Random, id: unknown, response: ServerResponse): void {
  const good = { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'ü' }] } }
  const bodies = [
    good,
    { ...good, id: pick(random, [null, -1, '1', 1e9, [], {}]) },
    { ...good, result: undefined },
    { ...good, error: { code: 'x', message: 7 } },
    { ...good, jsonrpc: '1.0' },
    [good, good],
    {
      jsonrpc: '2.0',
      method: pick(random, ['ping', 'notifications/progress', '', 'x'.repeat(99)]),
    },
    { jsonrpc: '2.0', id, method: 'sampling/createMessage', params: 'x' },
    'text',
    null,
  ]
  const json = JSON.stringify(pick(random, bodies)) ?? ''
  const isStream = random() < 0.5
  const text = isStream ? `id: 1\nretry: 1\ndata: ${json}\n\n` : json
  const status = random() < 0.6 ? 200 : pick(random, [202, 204, 206, 400, 403, 404, 429, 500, 503])
  response.writeHead(status, {
    'content-type': pick(random, [
      isStream ? 'text/event-stream' : 'application/json',
      'application/json; charset=utf-16',
      'text/html',
      'TEXT/EVENT-STREAM;;',
      '',
    ]),
    ...(random() < 0.1 ? { 'content-encoding': 'gzip' } : {}),
    ...(random() < 0.1 ? { 'retry-after': pick(random, ['-1', 'x', '0']) } : {}),
  })
  const sent = random() < 0.7 ? mutateText(random, text) : text
  if (status === 204) response.end()
  else if (random() < 0.15) response.write(sent, () => response.destroy())
  else response.end(sent)
}

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
  'proxy: 100 calls with mutated responses, seed %d: one valid answer each, and good calls succeed',
  { tags: ['C-06'] },
  async (seed) => {
    const random = seededRandom(seed)
    await using server = await scriptedMcp((request, response) => {
      if (answerHandshake(request, response)) return
      const { id, params } = request.body
      if (request.method !== 'POST') response.writeHead(405).end()
      else if (params?.['name'] === 'good') {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } }))
      } else answerBadly(random, id, response)
    })
    await using home = await temporaryFolder()
    const input = new PassThrough()
    const output = new PassThrough()
    const stop = new AbortController()
    let said = ''
    let text = ''
    output.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    const running = runProxyCommandLine(['proxy', server.url], {
      stdout: () => undefined,
      stderr: (line) => void (said += line),
      stdio: { input, output },
      env: { EVERGRANT_HOME: home.path, EVERGRANT_KEY: 'key-file' },
      signal: stop.signal,
    })
    const answered = async (id: number): Promise<Rpc> => {
      for (;;) {
        const found = messagesOf(text).find(
          (message) => message.id === id && !('method' in message),
        )
        if (found !== undefined) return found
        await once(output, 'data')
      }
    }
    const send = (message: object): void =>
      void input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
    const clientInfo = { name: 'host', version: '1' }
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
    send({ id: 0, method: 'initialize', params })
    await answered(0)
    send({ method: 'notifications/initialized' })
    for (let id = 1; id <= 200; id += 2) {
      send({ id, method: 'tools/call', params: { name: 'bad' } })
      send({ id: id + 1, method: 'tools/call', params: { name: 'good' } })
      expect(await answered(id + 1)).toMatchObject({ result: { content: [] } })
    }
    for (let id = 1; id <= 200; id += 2) await answered(id)
    stop.abort()
    expect(await running).toBe(0)
    const ids = messagesOf(text).flatMap(({ id, method }) =>
      typeof id === 'number' && id > 0 && id <= 200 && method === undefined ? [id] : [],
    )
    expect(ids).toHaveLength(200)
    expect(said).not.toMatch(/\n\s+at /)
    expect(said).not.toContain('\u001B')
    expect({}).not.toHaveProperty('polluted')
  },
)

function messagesOf(text: string): readonly Rpc[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Rpc)
}
