import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import path from 'node:path'
import { expect, test } from 'vitest'
import { answerJson, scriptedMcp, startProxy, startStream } from './proxy-support.ts'
import type { Rpc, ScriptedMcp } from './proxy-support.ts'
import { scene } from './support.ts'

const meta = 'io.modelcontextprotocol'

/** A server that has only 2026-07-28. */
function modernServer(): Promise<ScriptedMcp> {
  return scriptedMcp(({ headers, body }, response) => {
    const reply = (result: unknown): void =>
      answerJson(response, { jsonrpc: '2.0', id: body.id, result })
    if (headers['mcp-protocol-version'] !== '2026-07-28') {
      response.writeHead(400, { 'content-type': 'application/json' })
      const data = { supported: ['2026-07-28'], requested: '2025-11-25' }
      const error = { code: -32_022, message: 'Unsupported protocol version', data }
      response.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, error }))
    } else if (body.method === 'server/discover') {
      reply({
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: { listChanged: true }, logging: {} },
        _meta: { [`${meta}/serverInfo`]: { name: 'modern', version: '9' } },
      })
    } else if (body.method === 'subscriptions/listen') {
      const stream = startStream(response)
      const own = { _meta: { [`${meta}/subscriptionId`]: body.id } }
      stream.event({
        jsonrpc: '2.0',
        method: 'notifications/subscriptions/acknowledged',
        params: own,
      })
      stream.event({ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: own })
    } else if (body.params?.['name'] === 'ask' && body.params['inputResponses'] === undefined) {
      const question = { method: 'elicitation/create', params: { message: 'Who?' } }
      reply({ resultType: 'input_required', inputRequests: { who: question }, requestState: 's1' })
    } else reply({ resultType: 'complete', content: [], seen: body.params })
  })
}

test('proxy: connects a host of 2025-11-25 to a server that has only 2026-07-28', async () => {
  await using mcp = await modernServer()
  await using proxy = startProxy([mcp.url])
  const initialized = await proxy.initialize({ elicitation: {} })
  expect(initialized.result).toEqual({
    protocolVersion: '2025-11-25',
    capabilities: { tools: { listChanged: true }, logging: {} },
    serverInfo: { name: 'modern', version: '9' },
  })
  const changed = await proxy.until(({ method }) => method === 'notifications/tools/list_changed')
  expect(changed.params).toEqual({})
  expect((await proxy.request('ping')).result).toEqual({})
  expect((await proxy.request('logging/setLevel', { level: 'debug' })).result).toEqual({})

  const asking = proxy.request('tools/call', { name: 'ask' })
  const question: Rpc = await proxy.until(({ method }) => method === 'elicitation/create')
  expect(question.params).toEqual({ message: 'Who?' })
  proxy.send({ id: question.id, result: { action: 'accept', content: { name: 'me' } } })
  expect((await asking).result?.['seen']).toEqual({
    name: 'ask',
    inputResponses: { who: { action: 'accept', content: { name: 'me' } } },
    requestState: 's1',
    _meta: {
      [`${meta}/protocolVersion`]: '2026-07-28',
      [`${meta}/clientInfo`]: { name: 'test host', version: '1' },
      [`${meta}/clientCapabilities`]: { elicitation: {} },
      [`${meta}/logLevel`]: 'debug',
    },
  })
  expect(await proxy.end()).toBe(0)
})

test('proxy: passes the refusal of a server of 2026-07-28 on with --protocol legacy', async () => {
  await using mcp = await modernServer()
  await using proxy = startProxy([mcp.url, '--protocol', 'legacy'])
  expect((await proxy.initialize()).error).toMatchObject({ code: -32_022 })
})

test.each([
  ['2026-07-28', { mode: 'auto' }],
  ['2025-11-25', { mode: 'legacy' }],
] as const)(
  "proxy: the SDK's stdio client calls tools through it in %s",
  async (version, negotiation) => {
    await using s = await scene()
    await s.run(['login', s.url, '--headless'])
    const main = path.join(import.meta.dirname, '..', 'src', 'main.ts')
    const client = new Client({ name: 'sdk', version: '1' }, { versionNegotiation: negotiation })
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: ['--conditions=workspace:source', main, 'proxy', s.url],
      env: { PATH: process.env['PATH'] ?? '', ...s.env },
      stderr: 'pipe',
    })
    await client.connect(transport)
    expect(client.getNegotiatedProtocolVersion()).toBe(version)
    expect((await client.listTools()).tools).toHaveLength(5)
    const result = await client.callTool({ name: 'notes_list', arguments: {} })
    expect(result.content).toEqual([{ type: 'text', text: '{"notes":[]}' }])
    await client.close()
  },
)
