import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createResourceServer } from '@evergrant/resource-server'
import { Provider } from 'oidc-provider'
import { z } from 'zod'
import { expect, test } from 'vitest'

const resource = 'https://mcp.example.com/mcp'
const robot = { id: 'robot', secret: 'robot-secret-1' }
const guard = { id: 'mcp-server', secret: 'guard-secret-1' }

/** oidc-provider with opaque access tokens, which only the client of the resource may introspect. */
async function startProvider() {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = ({ id, secret }: typeof robot) => ({
    client_id: id,
    client_secret: secret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  })
  const provider = new Provider(issuer, {
    clients: [client(robot), client(guard)],
    features: {
      clientCredentials: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, { clientId }) => clientId === guard.id,
      },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'mcp:read mcp:write',
          audience: resource,
          accessTokenFormat: 'opaque',
        }),
      },
    },
  })
  const handle = provider.callback()
  server.on('request', (request, response) => void handle(request, response))

  async function post(path: string, form: Readonly<Record<string, string>>): Promise<unknown> {
    const basic = Buffer.from(`${robot.id}:${robot.secret}`).toString('base64')
    const response = await fetch(`${issuer}${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams(form),
    })
    expect(response.status).toBe(200)
    const text = await response.text()
    return text === '' ? undefined : JSON.parse(text)
  }

  return {
    issuer,
    async issue(scope: string): Promise<string> {
      const grant = { grant_type: 'client_credentials', resource, scope }
      return z.object({ access_token: z.string() }).parse(await post('/token', grant)).access_token
    },
    revoke: (token: string) => post('/token/revocation', { token }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

test(
  'introspection: opaque tokens of oidc-provider, until they are revoked',
  { tags: ['S-12', 'S-13'] },
  async () => {
    await using provider = await startProvider()
    const introspection = { clientId: guard.id, clientSecret: guard.secret, cacheSeconds: 0 }
    const resourceServer = createResourceServer(resource, [
      { issuer: provider.issuer, introspection },
    ])
    const token = await provider.issue('mcp:read')
    const request = { authorization: `Bearer ${token}`, url: '/mcp' }
    expect(await resourceServer.authorize(request, ['mcp:read'])).toMatchObject({
      allowed: true,
      token: { clientId: 'robot', scopes: ['mcp:read'], audience: [resource] },
    })
    expect(await resourceServer.authorize(request, ['mcp:read', 'mcp:write'])).toMatchObject({
      status: 403,
      missingScopes: ['mcp:write'],
    })
    await provider.revoke(token)
    expect(await resourceServer.authorize(request, ['mcp:read'])).toMatchObject({
      status: 401,
      reason: 'token-inactive',
    })
  },
)

test('introspection: 503 if the credentials are wrong', { tags: ['S-18'] }, async () => {
  await using provider = await startProvider()
  const introspection = { clientId: guard.id, clientSecret: 'wrong-secret-1' }
  const resourceServer = createResourceServer(resource, [
    { issuer: provider.issuer, introspection },
  ])
  const token = await provider.issue('mcp:read')
  const decision = await resourceServer.authorize({ authorization: `Bearer ${token}`, url: '/' })
  expect(decision).toMatchObject({
    status: 503,
    cause: {
      code: 'INTROSPECTION_UNAVAILABLE',
      message: expect.stringContaining('Correct introspection.clientId'),
    },
  })
})
