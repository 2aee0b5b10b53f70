import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import {
  answerHandshake,
  answerJson,
  scriptedMcp,
  startProxy,
  startStream,
} from './proxy-support.ts'
import type { SeenRequest } from './proxy-support.ts'

const ok = (id: unknown) => ({ jsonrpc: '2.0', id, result: { content: [] } })

test('proxy: resumes the stream of a request after its last event', async () => {
  await using mcp = await scriptedMcp((request, response) => {
    if (request.method === 'GET' && request.headers['last-event-id'] === 'event-2') {
      startStream(response).event(ok('call'), 'event-3')
      response.end()
    } else if (request.method === 'GET') response.writeHead(405).end()
    else if (request.body.method === 'tools/call') {
      const stream = startStream(response)
      stream.raw('retry: 1\nid: event-1\ndata:\n\n')
      stream.event({ jsonrpc: '2.0', method: 'notifications/progress', params: {} }, 'event-2')
      response.end()
    } else answerHandshake(request, response, { sessionId: 's' })
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  proxy.send({ id: 'call', method: 'tools/call' })
  expect((await proxy.until(({ id }) => id === 'call')).result).toEqual({ content: [] })
})

test('proxy: reports a broken stream that cannot be resumed, and does not repeat the call', async () => {
  await using mcp = await scriptedMcp((request, response) => {
    if (request.body.method === 'tools/call') {
      startStream(response).event({ jsonrpc: '2.0', method: 'notifications/progress' })
      response.end()
    } else answerHandshake(request, response)
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  const { error } = await proxy.request('tools/call')
  expect(error?.message).toContain('may have been carried out')
  expect(mcp.calls('tools/call')).toHaveLength(1)
})

test('proxy: opens the stream of the server again, after the event that it got last', async () => {
  let opened = 0
  await using mcp = await scriptedMcp((request, response) => {
    if (request.method !== 'GET') {
      answerHandshake(request, response, { sessionId: 's' })
      return
    }
    opened += 1
    const stream = startStream(response)
    stream.raw('retry: 1\n')
    const method = `notifications/message-${opened}`
    stream.event({ jsonrpc: '2.0', method }, `event-${opened}`)
    if (opened < 3) response.end()
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  await proxy.until(({ method }) => method === 'notifications/message-3')
  const listening = mcp.seen.filter(({ method }) => method === 'GET')
  expect(listening.map(({ headers }) => headers['last-event-id'])).toEqual([
    undefined,
    'event-1',
    'event-2',
  ])
})

test.each([
  ['404', 404, ''],
  ['400 that names the session', 400, '{"error":"Bad Request: No valid session ID provided"}'],
])(
  'proxy: starts another session after %s, and the host does not notice',
  async (_name, status, text) => {
    let sessions = 0
    await using mcp = await scriptedMcp((request, response) => {
      const { body, headers } = request
      const isLost = headers['mcp-session-id'] === 'session-1' && body.method === 'tools/call'
      if (isLost) {
        response.writeHead(status).end(text)
        return
      }
      if (body.method === 'initialize') sessions += 1
      if (request.method !== 'POST') response.writeHead(405).end()
      else if (!answerHandshake(request, response, { sessionId: `session-${sessions}` })) {
        answerJson(response, ok(body.id))
      }
    })
    await using proxy = startProxy([mcp.url])
    await proxy.initialize()
    expect((await proxy.request('tools/call')).result).toEqual({ content: [] })
    expect(sessions).toBe(2)
    expect(mcp.calls('notifications/initialized')).toHaveLength(2)
    expect(mcp.calls('initialize')[1]?.headers['mcp-session-id']).toBeUndefined()
  },
)

test('proxy: sends what 2026-07-28 copies into headers, and closes the stream to cancel', async () => {
  const closed = Promise.withResolvers<void>()
  const tool = {
    name: 'query',
    inputSchema: {
      type: 'object',
      properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
    },
  }
  await using mcp = await scriptedMcp(({ body }, response) => {
    if (body.method === 'tools/list') {
      answerJson(response, { jsonrpc: '2.0', id: body.id, result: { tools: [tool] } })
      return
    }
    startStream(response)
    response.on('close', () => closed.resolve())
  })
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
  await using proxy = startProxy([mcp.url])
  await proxy.request('tools/list', { _meta: meta })
  const params = { _meta: meta, name: 'query', arguments: { region: 'Zürich' } }
  proxy.send({ id: 'call', method: 'tools/call', params })
  const { headers } = await mcp.untilSeen(({ body }) => body.method === 'tools/call')
  expect(headers).toMatchObject({
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'query',
    'mcp-param-region': '=?base64?WsO8cmljaA==?=',
  })
  proxy.notify('notifications/cancelled', { requestId: 'call', _meta: meta })
  await closed.promise
  expect(mcp.calls('notifications/cancelled')).toEqual([])
})

/** A server of the transport of 2024-11-05. */
function legacyServer(): (request: SeenRequest, response: ServerResponse) => void {
  let stream: ReturnType<typeof startStream> | undefined
  return (request, response) => {
    if (request.method === 'GET' && request.url === '/sse') {
      stream = startStream(response)
      stream.raw('event: endpoint\ndata: /messages?session=1\n\n')
      return
    }
    if (request.url !== '/messages?session=1') {
      response.writeHead(request.url === '/sse' ? 405 : 404).end()
      return
    }
    response.writeHead(202).end('Accepted')
    const { id, method, params } = request.body
    if (id === undefined || id === null) return
    const result =
      method === 'initialize'
        ? { protocolVersion: params?.['protocolVersion'], capabilities: {}, serverInfo: {} }
        : { content: [] }
    stream?.event({ jsonrpc: '2.0', id, result })
  }
}

test.each([[[]], [['--transport', 'sse-first']], [['--transport', 'sse-only']]])(
  'proxy: speaks HTTP+SSE with a server that has nothing else: %j',
  async (args) => {
    await using mcp = await scriptedMcp(legacyServer(), '/sse')
    await using proxy = startProxy([mcp.url, ...args])
    expect((await proxy.initialize()).result).toMatchObject({ protocolVersion: '2025-11-25' })
    expect((await proxy.request('tools/call')).result).toEqual({ content: [] })
    expect(await proxy.end()).toBe(0)
  },
)

test('proxy: does not try another transport with --transport http-only', async () => {
  await using mcp = await scriptedMcp(legacyServer(), '/sse')
  await using proxy = startProxy([mcp.url, '--transport', 'http-only'])
  expect((await proxy.initialize()).error?.message).toContain('405')
})

test('proxy: does not send messages to an endpoint on another origin', async () => {
  await using mcp = await scriptedMcp((request, response) => {
    if (request.method !== 'GET') response.writeHead(405).end()
    else startStream(response).raw('event: endpoint\ndata: http://127.0.0.1:1/steal\n\n')
  }, '/sse')
  await using proxy = startProxy([mcp.url, '--transport', 'sse-only'])
  expect((await proxy.initialize()).error?.message).toContain('http://127.0.0.1:1/steal')
})

test('proxy: sends headers, with variables replaced, and the cookies of the server', async () => {
  await using mcp = await scriptedMcp((request, response) => {
    response.setHeader('set-cookie', 'node=7; Path=/; HttpOnly')
    if (!answerHandshake(request, response)) answerJson(response, ok(request.body.id))
  })
  await using proxy = startProxy(
    [mcp.url, '--header', 'Authorization:${KEY}', '--header', 'X-Team: blue'],
    { KEY: 'Bearer api-key' },
  )
  await proxy.initialize()
  await proxy.request('tools/call')
  const [first] = mcp.calls('initialize')
  expect(first?.headers).toMatchObject({ authorization: 'Bearer api-key', 'x-team': 'blue' })
  expect(mcp.calls('tools/call')[0]?.headers.cookie).toBe('node=7')
})

test('proxy: sends pings at an interval, and keeps their answers from the host', async () => {
  await using mcp = await scriptedMcp((request, response) => {
    if (request.method !== 'POST') response.writeHead(405).end()
    else if (!answerHandshake(request, response, { sessionId: 's' })) {
      answerJson(response, { jsonrpc: '2.0', id: request.body.id, result: {} })
    }
  })
  await using proxy = startProxy([mcp.url, '--ping-interval', '0.05'])
  await proxy.initialize()
  await mcp.untilSeen(({ body }) => body.method === 'ping')
  await proxy.request('tools/list')
  expect(proxy.received.map(({ id }) => id)).toEqual([1, 2])
})

test.each([
  ['HTML', 200, 'text/html', '<html>Sign in here</html>', 'text/html'],
  ['an error page', 502, 'text/html', '<html>Bad gateway</html>', 'HTTP status 502'],
  ['no JSON', 200, 'application/json', 'oops', 'not a JSON-RPC message'],
])('proxy: says what was wrong with %s', async (_name, status, type, body, expected) => {
  await using mcp = await scriptedMcp((_request, response) => {
    response.writeHead(status, { 'content-type': type }).end(body)
  })
  await using proxy = startProxy([mcp.url, '--transport', 'http-only'])
  const { error } = await proxy.initialize()
  expect(error?.message).toContain(expected)
  expect(error?.message).toContain(mcp.url)
  expect(await proxy.end()).toBe(0)
})

test('proxy: says that a server cannot be reached', async () => {
  const { url } = await (async () => {
    await using mcp = await scriptedMcp(() => undefined)
    return mcp
  })()
  await using proxy = startProxy([url])
  expect((await proxy.initialize()).error?.message).toMatch(/cannot be reached: .*ECONNREFUSED/)
})
