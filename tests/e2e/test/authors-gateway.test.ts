import { createSession } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { headlessSignIn } from '@evergrant/client/headless'
import { memoryStore } from '@evergrant/client/stores/memory'
import type { ToolCaller } from '@evergrant/interop'
import { connectSdkV1, connectSdkV2, startAuthorsGateway } from '@evergrant/interop'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'

const callers = 8
// The overlap is half of it, enough for calls that notice the expiry one after another.
const accessTokenLifetimeSeconds = 6

async function connectOurs(mcpUrl: string): Promise<ToolCaller> {
  const session = createSession(mcpUrl, {
    store: memoryStore(),
    client: { name: 'Evergrant' },
    signIn: headlessSignIn(),
  })
  const { refreshToken } = await session.signIn()
  const client = new Client({ name: 'evergrant', version: '1.0.0' })
  await client.connect(
    new StreamableHTTPClientTransport(new URL(mcpUrl), { fetch: authorizedFetch(session) }),
  )
  return {
    call: async () => {
      await client.callTool({ name: 'notes_list', arguments: {} })
    },
    hasRefreshToken: () => refreshToken === 'issued',
    async close() {
      await session.whenIdle()
      await client.close()
    },
  }
}

test(
  "the authors' gateway: only the metadata of the authorization server lists offline_access",
  { tags: ['A-01', 'S-01', 'S-02'] },
  async () => {
    await using gateway = await startAuthorsGateway({ accessTokenLifetimeSeconds })
    const scopesAt = async (path: string): Promise<unknown> => {
      const metadata: unknown = await (await fetch(`${gateway.origin}${path}`)).json()
      return Reflect.get(Object(metadata), 'scopes_supported')
    }

    expect(await scopesAt('/.well-known/oauth-authorization-server')).toContain('offline_access')
    expect(await scopesAt('/.well-known/oauth-protected-resource/mcp')).not.toContain(
      'offline_access',
    )
    const challenge = (await fetch(gateway.mcpUrl, { method: 'POST' })).headers.get(
      'www-authenticate',
    )
    expect(challenge).toContain('scope="mcp:read"')
    expect(challenge).not.toContain('offline_access')
  },
)

test.concurrent.for([
  { name: 'Evergrant', connect: connectOurs, preset: 'oidc', mostRefreshes: 2 },
  { name: 'SDK 2.x', connect: connectSdkV2, preset: 'oidc', mostRefreshes: 1 + callers },
  // It does not request offline_access, so the declared grant must be enough.
  { name: 'SDK 1.x', connect: connectSdkV1, preset: 'oauth21', mostRefreshes: 1 + callers },
] as const)(
  "the authors' gateway: $name with preset $preset signs in once, over two expiries with concurrent calls",
  { tags: ['A-01', 'A-02'] },
  async ({ connect, preset, mostRefreshes }) => {
    await using gateway = await startAuthorsGateway({ accessTokenLifetimeSeconds, preset })
    const client = await connect(gateway.mcpUrl)
    try {
      await client.call()
      expect(client.hasRefreshToken()).toBe(true)
      await gateway.expire()
      await client.call()
      await gateway.expire()
      await Promise.all(Array.from({ length: callers }, () => client.call()))
    } finally {
      await client.close()
    }

    const tally = gateway.tally()
    expect(tally).toMatchObject({ signIns: 1, refusedRefreshes: 0, reuseDetected: 0 })
    expect(tally.refreshes).toBeGreaterThanOrEqual(2)
    expect(tally.refreshes).toBeLessThanOrEqual(mostRefreshes)
  },
)

test(
  "the authors' gateway: with the default preset, SDK 1.x gets no refresh token, because it requests no offline_access",
  { tags: ['A-02'] },
  async () => {
    await using gateway = await startAuthorsGateway({ accessTokenLifetimeSeconds })
    const client = await connectSdkV1(gateway.mcpUrl)
    await client.call()
    await client.close()

    expect(client.hasRefreshToken()).toBe(false)
    expect(gateway.tally()).toMatchObject({ signIns: 1, refreshTokensIssued: 0 })
    expect(gateway.signals()).toEqual({
      grantTypes: ['authorization_code', 'refresh_token'],
      requestedScope: 'mcp:read',
    })
  },
)
