import { readBearerChallenge } from '@evergrant/core'
import { jsonBody, startFetchServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { createEndpoint } from '../src/protect-handler.ts'
import { createGreetingsEndpoint } from '../src/resource-server-fetch.ts'

test(
  'fetch: serves an MCP client, and challenges it when a tool requires more scope',
  { tags: ['S-11', 'S-13'] },
  async () => {
    await using as = await startScriptedAuthorizationServer()
    let endpoint: (request: Request) => Promise<Response> = () => Promise.resolve(Response.error())
    await using server = await startFetchServer((request) => endpoint(request))
    const resource = `${server.url}/mcp`
    endpoint = createGreetingsEndpoint(resource, as.issuer)

    const challenge = readBearerChallenge((await fetch(resource)).headers.get('www-authenticate'))
    expect(challenge?.scope).toEqual(['mcp:read'])
    const metadata = await jsonBody(await fetch(challenge?.resource_metadata ?? ''))
    expect(metadata).toMatchObject({ resource, scopes_supported: ['mcp:read'] })

    const reader = await connect(await as.signAccessToken({ scope: 'mcp:read', resource }))
    expect(await reader.callTool({ name: 'hello' })).toMatchObject({
      content: [{ text: 'Hello!' }],
    })
    const teach = { name: 'teach', arguments: { greeting: 'Servus' } }
    await expect(reader.callTool(teach)).rejects.toThrow(/scope|403/i)

    const writer = await connect(await as.signAccessToken({ scope: 'mcp:write', resource }))
    expect(await writer.callTool(teach)).toMatchObject({ content: [{ text: 'Learned Servus' }] })
    await Promise.all([reader.close(), writer.close()])

    async function connect(accessToken: string): Promise<Client> {
      const client = new Client(
        { name: 'test', version: '1.0.0' },
        { versionNegotiation: { mode: 'auto' } },
      )
      const requestInit = { headers: { authorization: `Bearer ${accessToken}` } }
      await client.connect(new StreamableHTTPClientTransport(new URL(resource), { requestInit }))
      return client
    }
  },
)

test(
  'protect-handler.ts: challenges, serves the metadata, and lets a valid token in',
  { tags: ['S-10', 'S-12'] },
  async () => {
    await using as = await startScriptedAuthorizationServer()
    const resource = 'http://127.0.0.1:3000/mcp'
    const endpoint = createEndpoint(resource, as.issuer)
    const refused = await endpoint(new Request(resource, { method: 'POST' }))
    const challenge = readBearerChallenge(refused.headers.get('www-authenticate'))
    expect([refused.status, challenge?.scope]).toEqual([401, ['mcp:read']])
    const metadata = await endpoint(new Request(challenge?.resource_metadata ?? ''))
    expect(await jsonBody(metadata)).toMatchObject({ authorization_servers: [as.issuer] })
    const token = await as.signAccessToken({ scope: 'mcp:read', resource })
    const headers = { authorization: `Bearer ${token}` }
    const admitted = await endpoint(new Request(resource, { method: 'POST', headers, body: '{}' }))
    // The MCP handler answers: the body is not a message.
    expect(admitted.status).not.toBe(401)
    expect(await admitted.text()).toContain('jsonrpc')
  },
)
