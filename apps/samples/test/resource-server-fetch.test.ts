import { readBearerChallenge } from '@evergrant/core'
import { jsonBody, startFetchServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
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
