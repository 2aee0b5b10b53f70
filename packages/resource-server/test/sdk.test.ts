import { readBearerChallenge } from '@evergrant/core'
import {
  sendRaw,
  startScriptedAuthorizationServer,
  startServer,
  virtualClock,
} from '@evergrant/test-kit'
import type { AccessTokenRequest } from '@evergrant/test-kit'
import { requireBearerAuth as requireBearerAuthV2 } from '@modelcontextprotocol/express'
import { requireBearerAuth as requireBearerAuthV1 } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { requireBearerAuth as gateV2 } from '@modelcontextprotocol/server'
import type { Request, RequestHandler } from 'express'
import express from 'express'
import { expect, test } from 'vitest'
import { createResourceServer } from '../src/index.ts'
import type { AuthenticationDecision, ResourceServer, ResourceServerOptions } from '../src/index.ts'
import * as sdkV1 from '../src/sdk-v1.ts'
import * as sdkV2 from '../src/sdk-v2.ts'

interface Sdk {
  readonly name: string
  readonly serveMetadata: (resourceServer: ResourceServer) => RequestHandler
  readonly requireAccess: (resourceServer: ResourceServer) => RequestHandler
  readonly requireBearerAuth: (
    resourceServer: ResourceServer,
    requiredScopes: string[],
    observe?: (decision: AuthenticationDecision) => void,
  ) => RequestHandler
}

const sdks: readonly Sdk[] = [
  {
    name: '1.x',
    ...sdkV1,
    requireBearerAuth: (resourceServer, requiredScopes, observe = ignore) =>
      requireBearerAuthV1({
        verifier: sdkV1.tokenVerifier(resourceServer, { observe }),
        requiredScopes,
        resourceMetadataUrl: resourceServer.metadataUrl,
        expectedResource: new URL(resourceServer.resource),
      }),
  },
  {
    name: '2.x',
    ...sdkV2,
    requireBearerAuth: (resourceServer, requiredScopes, observe = ignore) =>
      requireBearerAuthV2({
        verifier: sdkV2.tokenVerifier(resourceServer, { observe }),
        requiredScopes,
        resourceMetadataUrl: resourceServer.metadataUrl,
        expectedResource: new URL(resourceServer.resource),
      }),
  },
]

test.each(sdks)(
  'sdk $name: requireBearerAuth gets the caller without the token, and implied scopes',
  { tags: ['S-12', 'S-14'] },
  async ({ requireBearerAuth }) => {
    await using guarded = await start((rs) => requireBearerAuth(rs, ['mcp:read']))
    const token = await guarded.sign({ scope: 'mcp:write' })
    const response = await guarded.send({ authorization: `Bearer ${token}` })
    const text = await response.text()
    expect(response.status).toBe(200)
    expect(text).not.toContain(token.slice(token.lastIndexOf('.') + 1))
    expect(JSON.parse(text)).toMatchObject({
      token: '',
      clientId: 'client-1',
      scopes: ['mcp:write', 'mcp:read'],
      resource: guarded.resource,
      resourceMetadataUrl: guarded.resourceServer.metadataUrl,
      extra: { subject: 'user-1', issuer: guarded.issuer },
    })
  },
)

test.each(sdks)(
  'sdk $name: requireBearerAuth answers an invalid token with 401 and the challenge',
  { tags: ['S-10', 'S-12', 'S-13'] },
  async ({ requireBearerAuth }) => {
    await using guarded = await start((rs) => requireBearerAuth(rs, ['mcp:read', 'mcp:write']))
    const changes: Partial<AccessTokenRequest>[] = [
      { resource: 'https://other.example.com/mcp' },
      { lifetimeSeconds: -3600 },
      { header: { typ: 'JWT' } },
      { claims: { cnf: { jkt: 'thumbprint' } } },
    ]
    for (const change of changes) {
      const token = await guarded.sign({ scope: 'mcp:read mcp:write', ...change })
      const response = await guarded.send({ authorization: `Bearer ${token}` })
      expect(response.status).toBe(401)
      expect(readBearerChallenge(response.headers.get('www-authenticate'))).toMatchObject({
        error: 'invalid_token',
        scope: ['mcp:read', 'mcp:write'],
        resource_metadata: guarded.resourceServer.metadataUrl,
      })
    }
  },
)

test.each(sdks)(
  'sdk $name: requireBearerAuth answers 403 with all scopes of the route, and a malformed token with 400',
  { tags: ['S-13'] },
  async ({ requireBearerAuth }) => {
    await using guarded = await start((rs) => requireBearerAuth(rs, ['mcp:read', 'mcp:write']))
    const token = await guarded.sign({ scope: 'mcp:read' })
    const response = await guarded.send({ authorization: `Bearer ${token}` })
    expect(response.status).toBe(403)
    expect(readBearerChallenge(response.headers.get('www-authenticate'))).toMatchObject({
      error: 'insufficient_scope',
      scope: ['mcp:read', 'mcp:write'],
    })
    expect((await guarded.send({ authorization: `Bearer ${token}!` })).status).toBe(400)
  },
)

test.each(sdks)(
  'sdk $name: requireBearerAuth answers 500 and no challenge while keys cannot be fetched, and observe gets the cause',
  { tags: ['S-18'] },
  async ({ requireBearerAuth }) => {
    const decisions: AuthenticationDecision[] = []
    await using guarded = await start(
      (rs) => requireBearerAuth(rs, [], (decision) => decisions.push(decision)),
      { fetch: () => Promise.reject(new Error('unreachable')) },
    )
    const token = await guarded.sign({ scope: 'mcp:read' })
    const response = await guarded.send({ authorization: `Bearer ${token}` })
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([500, null])
    expect(await response.json()).toMatchObject({ error: 'server_error' })
    expect(decisions).toMatchObject([
      { refusal: { reason: 'verification-unavailable', cause: { code: 'KEYS_UNAVAILABLE' } } },
    ])
  },
)

test.each(sdks)(
  'sdk $name: requireBearerAuth never accepts the second of two Authorization lines',
  { tags: ['S-12'] },
  async ({ requireBearerAuth }) => {
    await using guarded = await start((rs) => requireBearerAuth(rs, []))
    const good = `Authorization: Bearer ${await guarded.sign({ scope: 'mcp:read' })}`
    const bad = `Authorization: Bearer ${await guarded.sign({ scope: 'mcp:read', lifetimeSeconds: -60 })}`
    expect(await guarded.raw([bad, good])).toMatch(/^HTTP\/1\.1 401 /)
  },
)

test.each(sdks)(
  'sdk $name: requireAccess sets request.auth, and answers 400 and 503 where requireBearerAuth cannot',
  { tags: ['S-12', 'S-13', 'S-18'] },
  async ({ requireAccess }) => {
    await using guarded = await start((rs) => requireAccess(rs))
    const line = `Authorization: Bearer ${await guarded.sign({ scope: 'mcp:read' })}`
    expect(await guarded.raw([line])).toContain('"token":""')
    expect(await guarded.raw([line, line])).toMatch(/^HTTP\/1\.1 400 /)

    await using apart = await start((rs) => requireAccess(rs), {
      fetch: () => Promise.reject(new Error('unreachable')),
    })
    const token = await apart.sign({ scope: 'mcp:read' })
    const response = await apart.send({ authorization: `Bearer ${token}` })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
  },
)

test.each(sdks)(
  'sdk $name: serveMetadata answers at the well-known URL, and at no other',
  { tags: ['S-02', 'S-10'] },
  async ({ serveMetadata }) => {
    await using guarded = await start((rs) => serveMetadata(rs))
    const { metadataUrl } = guarded.resourceServer
    const response = await fetch(metadataUrl)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toMatchObject({
      resource: guarded.resource,
      scopes_supported: ['mcp:read'],
    })
    // The router of the SDK answers these too.
    expect((await fetch(`${metadataUrl}/other`)).status).toBe(404)
    expect(
      (await fetch(new URL('/.well-known/oauth-authorization-server', metadataUrl))).status,
    ).toBe(404)
  },
)

test(
  'sdk 2.x: the web-standard requireBearerAuth accepts the verifier',
  { tags: ['S-12', 'S-13', 'S-18'] },
  async () => {
    await using guarded = await start(() => (_request, _response, next) => next())
    const gate = gateV2({ verifier: sdkV2.tokenVerifier(guarded.resourceServer) })
    const token = await guarded.sign({ scope: 'mcp:read' })
    const send = (value: string) =>
      gate(new Request(guarded.resource, { headers: { authorization: `Bearer ${value}` } }))
    expect(await send(token)).toMatchObject({ token: '', clientId: 'client-1' })
    expect(await send(`${token}x`)).toMatchObject({ status: 401 })
  },
)

interface Guarded extends AsyncDisposable {
  readonly issuer: string
  readonly resource: string
  readonly resourceServer: ResourceServer
  sign(token: AccessTokenRequest): Promise<string>
  send(headers: Readonly<Record<string, string>>): Promise<Response>
  /** The response to a request with exactly these lines. */
  raw(lines: readonly string[]): Promise<string>
}

/** An Express app with a guard at `/mcp`, whose handler answers with `request.auth`. */
async function start(
  guardOf: (resourceServer: ResourceServer) => RequestHandler,
  options: ResourceServerOptions = {},
): Promise<Guarded> {
  // The SDKs compare the expiry with the clock of the machine.
  const clock = virtualClock(Date.now() / 1000)
  const as = await startScriptedAuthorizationServer({ clock })
  const app = express()
  const server = await startServer((request, response) => void app(request, response))
  const resource = `${server.url}/mcp`
  const resourceServer = createResourceServer(resource, [as.issuer], {
    clock,
    scopesSupported: ['mcp:read'],
    scopeImplications: { 'mcp:write': ['mcp:read'] },
    ...options,
  })
  app.use(guardOf(resourceServer))
  app.get('/mcp', (request: Request, response) => {
    response.json('auth' in request ? request.auth : null)
  })
  return {
    issuer: as.issuer,
    resource,
    resourceServer,
    sign: (token) => as.signAccessToken({ resource, ...token }),
    send: (headers) => fetch(resource, { headers }),
    raw: (lines) =>
      sendRaw(server.url, [
        'GET /mcp HTTP/1.1',
        `Host: ${new URL(resource).host}`,
        ...lines,
      ]).answer(),
    async [Symbol.asyncDispose]() {
      await server.close()
      await as.close()
    },
  }
}

function ignore(): void {
  // No test looks.
}
