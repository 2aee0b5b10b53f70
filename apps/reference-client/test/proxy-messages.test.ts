import { expect, test } from 'vitest'
import {
  answerHandshake,
  answerJson,
  scriptedMcp,
  startProxy,
  startStream,
} from './proxy-support.ts'

const ok = (id: unknown) => ({ jsonrpc: '2.0', id, result: { content: [] } })

test('proxy: passes messages on byte for byte, as one line each', async () => {
  await using mcp = await scriptedMcp((request, response) => {
    if (answerHandshake(request, response)) return
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(
      `{"jsonrpc":"2.0",\n "id":${JSON.stringify(request.body.id)},\n "result":{"n":12345678901234567890,"text":"a\\nb"}}`,
    )
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  const lines: string[] = []
  proxy.process.stdout?.on('data', (chunk) => lines.push(String(chunk)))
  await proxy.request('tools/call', { name: 'x' })
  expect(lines.join('')).toContain('"result":{"n":12345678901234567890,"text":"a\\nb"}')
})

test('proxy: answers garbage with a parse error and goes on', async () => {
  await using mcp = await scriptedMcp((request, response) => {
    if (!answerHandshake(request, response)) answerJson(response, ok(request.body.id))
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  proxy.write('this is not JSON\n\u0000\u0001\n{"id":7}\n[]\n')
  await proxy.until(({ error, id }) => error?.code === -32_600 && id === null)
  const errors = proxy.received.filter(({ error }) => error !== undefined)
  expect(errors.map(({ id, error }) => [id, error?.code])).toEqual([
    [null, -32_700],
    [null, -32_700],
    [7, -32_600],
    [null, -32_600],
  ])
  expect((await proxy.request('tools/call', { name: 'x' })).result).toEqual({ content: [] })
})

test('proxy: answers the last message although the host closed stdin without a line feed', async () => {
  await using mcp = await scriptedMcp((request, response) => {
    if (!answerHandshake(request, response)) answerJson(response, ok(request.body.id))
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  proxy.write('{"jsonrpc":"2.0","id":"last","method":"tools/call"}')
  expect(await proxy.end()).toBe(0)
  expect(proxy.received.at(-1)).toMatchObject({ id: 'last', result: {} })
})

test('proxy: reports a message that stdin cuts off', async () => {
  await using mcp = await scriptedMcp(
    (request, response) => void answerHandshake(request, response),
  )
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  proxy.write('{"jsonrpc":"2.0","id":"cut","meth')
  expect(await proxy.end()).toBe(0)
  expect(proxy.received.at(-1)).toMatchObject({ id: null, error: { code: -32_700 } })
})

test('proxy: passes progress and requests of the server on, and the answers of the host back', async () => {
  await using mcp = await scriptedMcp(async (request, response) => {
    if (request.body.method === 'tools/call') {
      const stream = startStream(response)
      stream.event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progress: 1 } })
      stream.event({ jsonrpc: '2.0', id: 'ask-1', method: 'elicitation/create', params: {} })
      await mcp.untilSeen(({ body }) => body.id === 'ask-1')
      stream.event(ok(request.body.id))
      response.end()
      return
    }
    answerHandshake(request, response)
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  const calling = proxy.request('tools/call', { name: 'x' })
  await proxy.until(({ method }) => method === 'elicitation/create')
  proxy.send({ id: 'ask-1', result: { action: 'decline' } })
  await calling
  const answered = mcp.seen.find(({ body }) => body.id === 'ask-1')
  expect(answered?.body.result).toEqual({ action: 'decline' })
  expect(proxy.received.map(({ method, id }) => method ?? id)).toEqual([
    1,
    'notifications/progress',
    'elicitation/create',
    2,
  ])
})

test('proxy: tells the server about a cancellation, closes its stream and sends no response', async () => {
  const closed = Promise.withResolvers<void>()
  await using mcp = await scriptedMcp((request, response) => {
    if (request.body.method === 'tools/call') {
      startStream(response)
      response.on('close', () => closed.resolve())
      return
    }
    answerHandshake(request, response)
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  proxy.send({ id: 'slow', method: 'tools/call', params: { name: 'x' } })
  await mcp.untilSeen(({ body }) => body.id === 'slow')
  proxy.notify('notifications/cancelled', { requestId: 'slow' })
  await closed.promise
  expect(mcp.calls('notifications/cancelled')[0]?.body.params).toEqual({ requestId: 'slow' })
  expect(await proxy.end()).toBe(0)
  expect(proxy.received.some(({ id }) => id === 'slow')).toBe(false)
})

test('proxy: passes large messages on in both directions', async () => {
  const large = 'x'.repeat(8 * 1024 * 1024)
  await using mcp = await scriptedMcp((request, response) => {
    if (answerHandshake(request, response)) return
    const result = { text: request.body.params?.['text'] }
    const stream = startStream(response)
    stream.event({ jsonrpc: '2.0', id: request.body.id, result })
    response.end()
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  const { result } = await proxy.request('tools/call', { text: large })
  expect(result?.['text'] === large).toBe(true)
})

test('proxy: ends the session with DELETE when the host closes stdin', async () => {
  await using mcp = await scriptedMcp((request, response) => {
    if (answerHandshake(request, response, { sessionId: 'session-1' })) return
    response.writeHead(request.method === 'GET' ? 405 : 200).end()
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  await mcp.untilSeen(({ method }) => method === 'GET')
  expect(await proxy.end()).toBe(0)
  expect(mcp.seen.at(-1)).toMatchObject({
    method: 'DELETE',
    headers: { 'mcp-session-id': 'session-1', 'mcp-protocol-version': '2025-11-25' },
  })
})

test('proxy: ends at once on SIGTERM, also with an open request', async () => {
  await using mcp = await scriptedMcp((request, response) => {
    if (request.body.method === 'tools/call') startStream(response)
    else answerHandshake(request, response)
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  proxy.send({ id: 'slow', method: 'tools/call' })
  await mcp.untilSeen(({ body }) => body.id === 'slow')
  proxy.process.kill('SIGTERM')
  expect(await proxy.ended).toBe(0)
})

test('proxy: hides tools from the list and refuses their calls', async () => {
  await using mcp = await scriptedMcp((request, response) => {
    if (answerHandshake(request, response)) return
    const tools = ['deleteTask', 'listTasks', 'Delete_all'].map((name) => ({ name }))
    answerJson(response, { jsonrpc: '2.0', id: request.body.id, result: { tools } })
  })
  await using proxy = startProxy([mcp.url, '--ignore-tool', 'delete*'])
  await proxy.initialize()
  expect((await proxy.request('tools/list')).result).toEqual({ tools: [{ name: 'listTasks' }] })
  const refused = await proxy.request('tools/call', { name: 'deleteTask' })
  expect(refused.error?.message).toContain('--ignore-tool')
  expect(mcp.calls('tools/call')).toEqual([])
})
