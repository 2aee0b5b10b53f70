import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { createSession } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { sessionTransport } from '@evergrant/client/sdk-v2'
import { memoryStore } from '@evergrant/client/stores/memory'
import { readBearerChallenge } from '@evergrant/core'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { freePort } from '@evergrant/test-kit'
import { Client } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'

/** An MCP server of the guides, as a process. */
interface Program extends AsyncDisposable {
  readonly url: string
}

async function startProgram(name: string, authorizationServer: string): Promise<Program> {
  const file = path.resolve(import.meta.dirname, '../src', name)
  const port = await freePort()
  const child = spawn(
    process.execPath,
    ['--conditions=evergrant:source', file, authorizationServer, String(port)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exit = once(child, 'exit')
  const lines = createInterface(child.stdout)
  const [line] = (await once(lines, 'line')) as [string]
  expect(line).toBe(`MCP server: http://127.0.0.1:${port}/mcp`)
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async [Symbol.asyncDispose]() {
      child.kill()
      await exit
    },
  }
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
])(
  '%s: challenges a request without a token, and serves a client that signed in',
  { tags: ['S-02', 'S-10', 'S-11', 'S-12'] },
  async (name) => {
    await using as = await startDemo()
    await using program = await startProgram(name, as.issuer)
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
    await using program = await startProgram('mcp-server-step-up.ts', as.issuer)
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

async function startDemo() {
  const as = await startAuthorizationServer({ demo: true })
  return { ...as, [Symbol.asyncDispose]: () => as.close() }
}
