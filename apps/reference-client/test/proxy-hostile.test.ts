import { once } from 'node:events'
import { expect, test } from 'vitest'
import {
  answerHandshake,
  answerJson,
  scriptedMcp,
  startProxy,
  startStream,
} from './proxy-support.ts'
import type { McpHandler } from './proxy-support.ts'

const empty: McpHandler = (request, response) => {
  if (answerHandshake(request, response)) return
  answerJson(response, { jsonrpc: '2.0', id: request.body.id, result: {} })
}

test.each([
  ['an array in arrays', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['a batch with a deep message', `[{"id":1,"method":"x","a":${nested(100_000)}}]`],
])('proxy: answers %s that is nested too deeply, and goes on', async (_name, line) => {
  await using mcp = await scriptedMcp(empty)
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  proxy.write(`${line}\n`)
  await proxy.until(({ error }) => error?.code === -32_600)
  expect((await proxy.request('tools/list')).result).toEqual({})
})

test('proxy: answers every part of a batch, although one is not a message', async () => {
  await using mcp = await scriptedMcp(empty)
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  proxy.write('[{"id":"a","method":"x"},7,{"id":"b"},{"id":"c","method":"x"}]\n')
  await proxy.until(({ id }) => id === 'a')
  await proxy.until(({ id }) => id === 'c')
  const errors = proxy.received.filter(({ error }) => error?.code === -32_600)
  expect(errors.map(({ id }) => id)).toEqual([null, 'b'])
})

test('proxy: reports a list of tools that it cannot filter', async () => {
  const tools = '[{"name":"bad","inputSchema":{"x-mcp-header":"no"}}]'
  await using mcp = await scriptedMcp((request, response) => {
    if (answerHandshake(request, response)) return
    response.writeHead(200, { 'content-type': 'application/json' })
    const id = JSON.stringify(request.body.id)
    response.end(`{"jsonrpc":"2.0","id":${id},"result":{"a":${nested(50_000)},"tools":${tools}}}`)
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  const { error } = await proxy.request('tools/list')
  expect(error?.code).toBe(-31_006)
  expect(error?.message).not.toContain('cannot be reached')
})

const wrongAnswers = {
  'another ID': { jsonrpc: '2.0', id: 'other', result: {} },
  'a batch without its response': [{ jsonrpc: '2.0', id: 'other', result: {} }],
  'only a notification': { jsonrpc: '2.0', method: 'notifications/message' },
}

test.each(Object.entries(wrongAnswers))(
  'proxy: answers a request that the server answers with %s',
  async (_name, body) => {
    await using mcp = await scriptedMcp((request, response) => {
      if (!answerHandshake(request, response)) answerJson(response, body)
    })
    await using proxy = startProxy([mcp.url])
    await proxy.initialize()
    const { error } = await proxy.request('tools/call')
    expect(error?.code).toBe(-31_004)
    expect(error?.message).toMatch(/did not answer as an MCP server does/)
    expect(proxy.received.filter(({ id }) => id === 'other')).toEqual([])
  },
)

test('proxy: passes an error without an ID on as the response to its request', async () => {
  await using mcp = await scriptedMcp((request, response) => {
    if (answerHandshake(request, response)) return
    answerJson(response, { jsonrpc: '2.0', id: null, error: { code: -32_600, message: 'bad' } })
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  expect((await proxy.request('tools/call')).error).toEqual({ code: -32_600, message: 'bad' })
})

test('proxy: names an encoding that it cannot read', async () => {
  await using mcp = await scriptedMcp((request, response) => {
    if (answerHandshake(request, response)) return
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    response.end('not gzip')
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  expect((await proxy.request('tools/call')).error?.message).toContain('incorrect header check')
})

test('proxy: resumes a stream after an ID that is not ASCII', async () => {
  const id = 'Zürich→1'
  await using mcp = await scriptedMcp((request, response) => {
    if (answerHandshake(request, response, { sessionId: 's' })) return
    if (request.method === 'POST') {
      startStream(response).raw(`id: ${id}\nretry: 1\ndata: \n\n`)
      response.end()
      return
    }
    const last = Buffer.from(String(request.headers['last-event-id'] ?? ''), 'latin1')
    if (last.toString('utf8') !== id) response.writeHead(405).end()
    else startStream(response).event({ jsonrpc: '2.0', id: 2, result: { resumed: true } })
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  expect((await proxy.request('tools/call')).result).toEqual({ resumed: true })
})

test('proxy: follows a redirect on the origin of the server without a sign-in', async () => {
  await using mcp = await scriptedMcp(async (request, response) => {
    if (request.url === '/mcp') response.writeHead(307, { location: '/mcp/' }).end()
    else await empty(request, response)
  })
  await using proxy = startProxy([mcp.url, '--header', 'Authorization: Bearer given-token'])
  await proxy.initialize()
  expect((await proxy.request('tools/list')).result).toEqual({})
  expect(mcp.seen.at(-1)?.headers.authorization).toBe('Bearer given-token')
})

test('proxy: sends its headers to no other origin, and names the target of the redirect', async () => {
  await using other = await scriptedMcp(empty)
  await using mcp = await scriptedMcp((_request, response) => {
    response.writeHead(307, { location: other.url }).end()
  })
  await using proxy = startProxy([mcp.url, '--header', 'Authorization: Bearer given-token'])
  expect((await proxy.initialize()).error?.message).toContain(other.url)
  expect(other.seen).toEqual([])
})

test.skipIf(process.platform === 'win32').each(['SIGTERM', 'SIGHUP'] as const)(
  'proxy: ends on %s although the host does not read its messages',
  async (signal) => {
    await using mcp = await scriptedMcp((request, response) => {
      if (answerHandshake(request, response)) return
      const params = { level: 'info', data: 'x'.repeat(4_000_000) }
      startStream(response).event({ jsonrpc: '2.0', method: 'notifications/message', params })
    })
    await using proxy = startProxy([mcp.url])
    await proxy.initialize()
    proxy.process.stdout?.pause()
    proxy.send({ id: 'large', method: 'tools/call' })
    await mcp.untilSeen(({ body }) => body.id === 'large')
    proxy.process.kill(signal)
    const [code] = await once(proxy.process, 'exit')
    expect(code).toBe(0)
  },
)

function nested(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
}
