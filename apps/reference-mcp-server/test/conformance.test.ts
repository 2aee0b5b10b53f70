import { rawStatus } from '@evergrant/test-kit'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { runCli } from '../src/commands/cli.ts'
import { startConformanceServer } from '../src/conformance/conformance-server.ts'

const headers = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
}

function initialize(url: string): Promise<Response> {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  }
  return fetch(url, {
    method: 'POST',
    headers,
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
  })
}

async function newSession(url: string): Promise<string> {
  const response = await initialize(url)
  await response.text()
  return response.headers.get('mcp-session-id') ?? ''
}

async function ping(url: string, session: string): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'ping' }),
  })
  await response.text()
  return response.status
}

async function run(...args: string[]) {
  let out = ''
  let error = ''
  const code = await runCli(['serve', '--conformance', ...args], {
    writeOut: (text) => void (out += text),
    writeError: (text) => void (error += text),
    untilStopped: () => Promise.resolve(),
  })
  return { code, out, error }
}

test('conformance: says loudly that there is no authorization', async () => {
  const { code, out, error } = await run()
  expect([code, out]).toEqual([0, expect.stringMatching(/^authorization +none$/m)])
  expect(error).toMatch(/^WARNING: --conformance serves without authorization/)
  expect(JSON.parse((await run('--json')).out)).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/),
    authorization: 'none',
  })
})

test.each([
  ['--host=0.0.0.0', 'loopback'],
  ['--host=::', 'loopback'],
  ['--host=mcp.example.com', 'loopback'],
  ['--resource=https://mcp.example.com/mcp', '--resource'],
  ['--authorization-server=https://as.example.com', '--authorization-server'],
  ['--db=notes.sqlite', '--db'],
])('conformance: exits with 2 for %s', async (flag, hint) => {
  const { code, out, error } = await run(flag)
  expect([code, out]).toEqual([2, ''])
  expect(error).toContain(hint)
})

test('conformance: a page that rebinds its host name, or of another origin, gets 403', async () => {
  await using server = await startConformanceServer('127.0.0.1', 0)
  const { host } = new URL(server.url)
  const line = 'POST /mcp HTTP/1.1'
  expect(await rawStatus(server.url, [line, 'Host: evil.example.com'])).toBe(403)
  const foreign = [line, `Host: ${host}`, 'Origin: https://evil.example.com']
  expect(await rawStatus(server.url, foreign)).toBe(403)
})

test('conformance: a session exists until the client ends it', async () => {
  await using server = await startConformanceServer('127.0.0.1', 0)
  const session = await newSession(server.url)
  expect(await ping(server.url, session)).toBe(200)
  const ended = await fetch(server.url, {
    method: 'DELETE',
    headers: { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' },
  })
  expect(ended.status).toBe(200)
  expect(await ping(server.url, session)).toBe(404)
  expect(await ping(server.url, 'unknown')).toBe(404)
})

test('conformance: the oldest session is closed beyond 100 sessions', async () => {
  await using server = await startConformanceServer('127.0.0.1', 0)
  const oldest = await newSession(server.url)
  const second = await newSession(server.url)
  for (let count = 2; count < 101; count += 1) await newSession(server.url)
  expect([await ping(server.url, oldest), await ping(server.url, second)]).toEqual([404, 200])
})

test.each(['2025-11-25', '2026-07-28'])(
  'conformance: a tool gets input from a client of %s',
  async (era) => {
    await using server = await startConformanceServer('127.0.0.1', 0)
    const client = new Client(
      { name: 'test', version: '1' },
      {
        capabilities: { elicitation: {} },
        versionNegotiation: { mode: era === '2025-11-25' ? 'legacy' : { pin: era } },
      },
    )
    client.setRequestHandler('elicitation/create', async () => ({
      action: 'accept',
      content: { username: 'alice', email: 'alice@example.com' },
    }))
    await client.connect(new StreamableHTTPClientTransport(new URL(server.url)))
    const call = { name: 'test_elicitation', arguments: { message: 'Who are you?' } }
    const { content } = await client.callTool(call)
    expect(content).toEqual([
      {
        type: 'text',
        text: 'User response: action=accept, content={"username":"alice","email":"alice@example.com"}',
      },
    ])
    await client.close()
  },
)
