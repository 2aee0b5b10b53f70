import { startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { OAuthClientProvider } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { startMcpServer } from '../src/index.ts'

type Tokens = Awaited<ReturnType<OAuthClientProvider['tokens']>>
type ClientInformation = Awaited<ReturnType<OAuthClientProvider['clientInformation']>>
type Discovery = Awaited<ReturnType<NonNullable<OAuthClientProvider['discoveryState']>>>

interface ApprovingProvider extends OAuthClientProvider {
  /** The authorization responses, as a callback receives them. */
  readonly callbacks: readonly URLSearchParams[]
}

/** A provider for the SDK's OAuth client, at an auto-approving server. */
function approvingProvider(): ApprovingProvider {
  let tokens: Tokens
  let client: ClientInformation
  let verifier = ''
  let discovery: Discovery
  const callbacks: URLSearchParams[] = []
  return {
    callbacks,
    redirectUrl: 'http://127.0.0.1/callback',
    clientMetadata: {
      redirect_uris: ['http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
    },
    clientInformation: () => client,
    saveClientInformation: (information) => void (client = information),
    tokens: () => tokens,
    saveTokens: (saved) => void (tokens = saved),
    codeVerifier: () => verifier,
    saveCodeVerifier: (saved) => void (verifier = saved),
    discoveryState: () => discovery,
    saveDiscoveryState: (saved) => void (discovery = saved),
    async redirectToAuthorization(url) {
      const response = await fetch(url, { redirect: 'manual' })
      callbacks.push(new URL(response.headers.get('location') ?? '').searchParams)
    },
  }
}

test(
  'step-up: a client of the MCP SDK gets mcp:write after a challenge',
  {
    tags: ['S-10', 'S-11', 'S-13'],
  },
  async () => {
    await using as = await startScriptedAuthorizationServer()
    await using server = await startMcpServer({ authorizationServer: as.issuer })
    const authProvider = approvingProvider()
    const newTransport = () =>
      new StreamableHTTPClientTransport(new URL(server.url), { authProvider })
    const newClient = () =>
      new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
    const requestedScope = (index: number) =>
      as.requests.filter((request) => request.endpoint === 'authorize')[index]?.query['scope']

    const beforeSignIn = newTransport()
    await expect(newClient().connect(beforeSignIn)).rejects.toThrow(/unauthorized/i)
    await beforeSignIn.finishAuth(authProvider.callbacks[0] ?? new URLSearchParams())
    expect(requestedScope(0)?.split(' ')).toContain('mcp:read')
    expect(requestedScope(0)).not.toContain('mcp:write')

    const client = newClient()
    const transport = newTransport()
    await client.connect(transport)
    const write = { name: 'notes_write', arguments: { title: 'stepped up', text: '' } }
    await expect(client.callTool(write)).rejects.toThrow(/unauthorized/i)
    await transport.finishAuth(authProvider.callbacks[1] ?? new URLSearchParams())
    expect(requestedScope(1)?.split(' ')).toEqual(expect.arrayContaining(['mcp:read', 'mcp:write']))
    expect(await client.callTool(write)).toMatchObject({
      structuredContent: { note: { title: 'stepped up' } },
    })
    expect(authProvider.callbacks).toHaveLength(2)
    expect(server.stats().refusals).toMatchObject({ 'no-credentials': 1, 'insufficient-scope': 1 })
    await client.close()
  },
)
