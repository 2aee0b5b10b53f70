import { createSession } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { sessionTransport } from '@evergrant/client/sdk-v2'
import { memoryStore } from '@evergrant/client/stores/memory'
import { readBearerChallenge } from '@evergrant/core'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { freePort } from '@evergrant/test-kit'
import { Client } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { startProgram } from './program.ts'

/** An MCP server of the guides, as a process. */
async function startMcpProgram(name: string, authorizationServer: string) {
  const port = await freePort()
  const program = await startProgram(name, [authorizationServer, String(port)])
  const url = `http://127.0.0.1:${port}/mcp`
  expect(program.lines).toEqual([`MCP server: ${url}`])
  return { ...program, url }
}

async function connect(url: string): Promise<Client> {
  const session = createSession(url, {
    store: memoryStore(),
    signIn: headlessSignIn(),
    client: { name: 'test' },
  })
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(sessionTransport(session))
  return client
}

test.each([
  'mcp-server-sdk-v2.ts',
  'mcp-server-sdk-v1.ts',
  'mcp-server-hono.ts',
  'mcp-server-fastify.ts',
  'mcp-server-node.ts',
  'mcp-server-step-up.ts',
  'mcp-server-cross-origin.ts',
])(
  '%s: challenges a request without a token, and serves a client that signed in',
  { tags: ['S-02', 'S-10', 'S-11', 'S-12'] },
  async (name) => {
    await using as = await startDemo()
    await using program = await startMcpProgram(name, as.issuer)
    const refused = await fetch(program.url, { method: 'POST', body: '{' })
    const challenge = readBearerChallenge(refused.headers.get('www-authenticate') ?? '')
    expect([refused.status, challenge?.scope]).toEqual([401, ['mcp:read']])
    const client = await connect(program.url)
    expect(await client.callTool({ name: 'hello' })).toMatchObject({
      content: [{ type: 'text', text: 'Hello!' }],
    })
    await client.close()
  },
)

test(
  'mcp-server-step-up.ts: a tool that writes steps the client up, once',
  { tags: ['S-13', 'S-14'] },
  async () => {
    await using as = await startDemo()
    await using program = await startMcpProgram('mcp-server-step-up.ts', as.issuer)
    const client = await connect(program.url)
    await client.callTool({ name: 'hello' })
    expect(as.stats().signIns).toBe(1)
    for (const greeting of ['Servus!', 'Ahoj!']) {
      await client.callTool({ name: 'teach', arguments: { greeting } })
    }
    expect(as.stats().signIns).toBe(2)
    expect(await client.callTool({ name: 'hello' })).toMatchObject({ content: [{ text: 'Ahoj!' }] })
    await client.close()
  },
)

test(
  'mcp-server-dpop.ts: accepts a token with a proof of its key, and no bearer token',
  { tags: ['S-12'] },
  async () => {
    await using as = await startDemo()
    await using program = await startMcpProgram('mcp-server-dpop.ts', as.issuer)
    const session = createSession(program.url, {
      store: memoryStore(),
      signIn: headlessSignIn(),
      client: { name: 'test' },
    })
    const client = new Client({ name: 'test', version: '1.0.0' })
    await client.connect(sessionTransport(session))
    expect(await client.callTool({ name: 'hello' })).toMatchObject({
      content: [{ type: 'text', text: 'Hello!' }],
    })
    await client.close()
    const { value, tokenType } = await session.getAccessToken()
    expect(tokenType).toBe('DPoP')
    const headers = { authorization: `Bearer ${value}` }
    const refused = await fetch(program.url, { method: 'POST', headers })
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/^DPoP .*algs="ES256 /),
    ])
  },
)

test(
  'mcp-server-cross-origin.ts: a page of an allowed origin can read the challenge, and no other page can',
  { tags: ['S-16'] },
  async () => {
    await using as = await startDemo()
    await using program = await startMcpProgram('mcp-server-cross-origin.ts', as.issuer)
    const headersFor = async (origin: string) => {
      const response = await fetch(program.url, { method: 'POST', headers: { origin } })
      return [response.status, response.headers.get('access-control-allow-origin')]
    }
    expect(await headersFor('https://inspector.example.com')).toEqual([
      401,
      'https://inspector.example.com',
    ])
    expect(await headersFor('https://other.example.com')).toEqual([401, null])
  },
)

async function startDemo() {
  const as = await startAuthorizationServer({ demo: true })
  return { ...as, [Symbol.asyncDispose]: () => as.close() }
}
