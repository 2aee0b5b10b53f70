import express from 'express'
import type { Express } from 'express'
import { expect, test } from 'vitest'
import {
  jsonBody,
  rawStatus,
  startScriptedAuthorizationServer,
  startServer,
} from '@evergrant/test-kit'
import type { ScriptedAuthorizationServer } from '@evergrant/test-kit'
import { accessTokenOf, requireAccess, serveMetadata } from '../src/express.ts'
import { createResourceServer } from '../src/index.ts'
import type { AccessDecision, ResourceServer, ResourceServerOptions } from '../src/index.ts'
import { proofKey, tokenHash } from './proofs.ts'

interface ExpressResource extends AsyncDisposable {
  readonly as: ScriptedAuthorizationServer
  readonly resourceServer: ResourceServer
  readonly url: string
}

async function startExpress(
  mount: (app: Express, resourceServer: ResourceServer, issuer: string) => void,
  options: ResourceServerOptions = {},
): Promise<ExpressResource> {
  const as = await startScriptedAuthorizationServer()
  const app = express()
  const server = await startServer((request, response) => {
    app(request, response)
  })
  const resourceServer = createResourceServer(`${server.url}/mcp`, [as.issuer], {
    scopesSupported: ['mcp:read'],
    ...options,
  })
  app.use(serveMetadata(resourceServer))
  mount(app, resourceServer, as.issuer)
  return {
    as,
    resourceServer,
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server.close()
      await as.close()
    },
  }
}

test(
  'express: serves metadata, challenges, and accepts valid tokens',
  {
    tags: ['S-02', 'S-10', 'S-11', 'S-13'],
  },
  async () => {
    await using resource = await startExpress((app, resourceServer) => {
      app.get(
        '/mcp',
        requireAccess(resourceServer, { scopes: ['mcp:read'] }),
        (request, response) => {
          response.json({ subject: accessTokenOf(request).subject })
        },
      )
      app.post('/mcp', requireAccess(resourceServer, { scopes: ['mcp:read', 'mcp:write'] }))
    })
    const { as, resourceServer } = resource
    const unauthorized = await fetch(`${resource.url}/mcp`)
    expect([unauthorized.status, unauthorized.headers.get('www-authenticate')]).toEqual([
      401,
      `Bearer scope="mcp:read", resource_metadata="${resourceServer.metadataUrl}"`,
    ])
    const metadata = await jsonBody(await fetch(resourceServer.metadataUrl))
    expect(metadata).toMatchObject({ scopes_supported: ['mcp:read'] })

    const token = await as.signAccessToken({
      scope: 'mcp:read',
      resource: resourceServer.resource,
      subject: 'alice',
    })
    const headers = { authorization: `Bearer ${token}` }
    expect(await jsonBody(await fetch(`${resource.url}/mcp`, { headers }))).toEqual({
      subject: 'alice',
    })
    const forbidden = await fetch(`${resource.url}/mcp`, { method: 'POST', headers })
    expect(forbidden.status).toBe(403)
    expect(forbidden.headers.get('www-authenticate')).toContain('scope="mcp:read mcp:write"')
  },
)

test(
  'express: computes the required scopes from a body that is parsed after the token was verified',
  {
    tags: ['S-01', 'S-03', 'S-11', 'S-12'],
  },
  async () => {
    const warnings: string[] = []
    const parsed: unknown[] = []
    await using resource = await startExpress((app, resourceServer) => {
      app.post(
        '/mcp',
        requireAccess(resourceServer),
        express.json(),
        requireAccess(resourceServer, {
          scopes: (request) => {
            parsed.push(request.body)
            return String(request.body.needs).split(' ')
          },
          observe: (decision) => warnings.push(...decision.warnings.map(({ code }) => code)),
        }),
      )
    })
    const { as, resourceServer } = resource
    async function post(headers: Readonly<Record<string, string>>): Promise<string | null> {
      const response = await fetch(`${resource.url}/mcp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ needs: 'mcp:write offline_access' }),
      })
      return response.headers.get('www-authenticate')
    }
    expect(await post({})).toMatch(/^Bearer scope="mcp:read", resource_/)
    expect(parsed).toEqual([])
    const { resource: audience } = resourceServer
    const token = await as.signAccessToken({ scope: 'mcp:read', resource: audience })
    expect(await post({ authorization: `Bearer ${token}` })).toContain(
      'scope="mcp:write", resource_',
    )
    expect(parsed).toHaveLength(1)
    expect(warnings).toEqual(['OFFLINE_ACCESS_FILTERED'])
  },
)

test(
  'express: verifies a token once per request and resource server',
  { tags: ['S-12'] },
  async () => {
    const verifiedBy: string[] = []
    await using resource = await startExpress((app, resourceServer, issuer) => {
      const counted = (name: string, guard: ResourceServer): ResourceServer => ({
        ...guard,
        async authenticate(request, challengeScopes) {
          verifiedBy.push(name)
          return await guard.authenticate(request, challengeScopes)
        },
      })
      const one = counted('one', resourceServer)
      const elsewhere = createResourceServer('https://elsewhere.example.com', [issuer])
      const two = counted('two', elsewhere)
      app.use('/mcp', requireAccess(one), requireAccess(one, { scopes: () => ['mcp:read'] }))
      app.get('/mcp', (_request, response) => void response.end())
      app.get('/mcp/two', requireAccess(two))
    })
    const { as, resourceServer } = resource
    const token = await as.signAccessToken({ scope: 'mcp:read', resource: resourceServer.resource })
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(`${resource.url}/mcp`, { headers })).status).toBe(200)
    expect(verifiedBy).toEqual(['one'])
    // A token that one resource server accepted does not count at another.
    expect((await fetch(`${resource.url}/mcp/two`, { headers })).status).toBe(401)
    expect(verifiedBy).toEqual(['one', 'one', 'two'])
  },
)

test(
  'express: refuses a fixed offline_access when the route is mounted',
  { tags: ['S-03'] },
  async () => {
    await using resource = await startExpress(() => undefined)
    expect(() => requireAccess(resource.resourceServer, { scopes: ['offline_access'] })).toThrow(
      expect.objectContaining({ code: 'OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE' }),
    )
  },
)

test(
  'express: sees both Authorization lines, and a token in the query',
  {
    tags: ['S-13', 'S-15'],
  },
  async () => {
    const reasons: string[] = []
    await using resource = await startExpress((app, resourceServer) => {
      app.use(
        '/mcp',
        requireAccess(resourceServer, { observe: (decision) => reasons.push(decision.reason) }),
      )
    })
    const token = await resource.as.signAccessToken({
      scope: 'mcp:read',
      resource: resource.resourceServer.resource,
    })
    const lines = [`Authorization: Bearer ${token}`, 'Authorization: Bearer another']
    const head = ['GET /mcp HTTP/1.1', `Host: ${new URL(resource.url).host}`]
    expect(await rawStatus(resource.url, [...head, ...lines])).toBe(400)
    expect((await fetch(`${resource.url}/mcp?access_token=${token}`)).status).toBe(400)
    expect(reasons).toEqual(['several-credentials', 'token-in-query'])
  },
)

test(
  'express: does not compute the headers of a request with a remembered token',
  { tags: ['S-12'] },
  async () => {
    let computed = 0
    await using resource = await startExpress((app, resourceServer) => {
      app.use((request, _response, next) => {
        const { headers } = request
        Object.defineProperty(request, 'headers', {
          get() {
            computed += 1
            return headers
          },
        })
        next()
      })
      app.get('/mcp', requireAccess(resourceServer), (_request, response) => void response.end())
    })
    const { as, resourceServer } = resource
    const token = await as.signAccessToken({ scope: 'mcp:read', resource: resourceServer.resource })
    for (let request = 0; request < 2; request += 1) {
      const headers = { authorization: `Bearer ${token}` }
      expect((await fetch(`${resource.url}/mcp`, { headers })).status).toBe(200)
    }
    expect(computed).toBe(0)
  },
)

test(
  'express: a remembered token still needs the scopes of each route, and each wrapped guard decides',
  { tags: ['S-11', 'S-12'] },
  async () => {
    const observed: string[] = []
    await using resource = await startExpress((app, resourceServer) => {
      const wrapped: ResourceServer = {
        ...resourceServer,
        authenticate: async (request) => {
          const decision = await resourceServer.authenticate(request)
          observed.push(`wrapped: ${decision.authenticated}`)
          return decision
        },
      }
      const observe = ({ reason }: AccessDecision): void => void observed.push(reason)
      const routes = {
        '/read': requireAccess(resourceServer, { scopes: ['mcp:read'] }),
        '/write': requireAccess(resourceServer, { scopes: ['mcp:write'] }),
        '/observed': requireAccess(resourceServer, { scopes: ['mcp:read'], observe }),
        '/wrapped': requireAccess(wrapped, { scopes: ['mcp:read'] }),
      }
      for (const [path, guard] of Object.entries(routes)) {
        app.get(path, guard, (request, response) => {
          response.send(accessTokenOf(request).subject)
        })
      }
    })
    const { resourceServer, as } = resource
    const token = await as.signAccessToken({
      scope: 'mcp:read',
      resource: resourceServer.resource,
    })
    const authorization = `Bearer ${token}`
    const statuses: number[] = []
    for (const path of ['/read', '/write', '/observed', '/wrapped', '/read?access_token=a']) {
      for (let request = 0; request < 3; request += 1) {
        const response = await fetch(`${resource.url}${path}`, { headers: { authorization } })
        statuses.push(response.status)
        await response.text()
      }
    }
    expect(statuses).toEqual([200, 403, 200, 200, 400].flatMap((status) => Array(3).fill(status)))
    expect(observed).toEqual([
      ...Array(3).fill('scope-sufficient'),
      ...Array(3).fill('wrapped: true'),
    ])
  },
)

test('express: accessTokenOf names the missing middleware', async () => {
  const codes: unknown[] = []
  await using resource = await startExpress((app) => {
    app.get('/mcp', (request, response) => {
      try {
        accessTokenOf(request)
      } catch (error) {
        codes.push(error)
      }
      response.end()
    })
  })
  await fetch(`${resource.url}/mcp`)
  expect(codes).toMatchObject([{ code: 'ACCESS_NOT_DECIDED' }])
})

test('express: verifies proofs, and sends the nonce', { tags: ['S-12', 'S-13'] }, async () => {
  await using server = await startExpress(
    (app, resourceServer) => {
      app.get('/mcp', requireAccess(resourceServer), (request, response) => {
        response.json({ key: accessTokenOf(request).keyThumbprint })
      })
    },
    { dpop: { nonce: 'always' } },
  )
  const key = await proofKey()
  const { resource } = server.resourceServer
  const claims = { cnf: { jkt: key.thumbprint } }
  const token = await server.as.signAccessToken({ resource, scope: 'mcp:read', claims })
  const ath = await tokenHash(token)
  const send = async (jti: string, nonce?: string | null): Promise<Response> => {
    const proof = { jti, htm: 'GET', htu: resource, iat: Math.floor(Date.now() / 1000), ath }
    const dpop = await key.sign(nonce ? { ...proof, nonce } : proof)
    return await fetch(resource, { headers: { authorization: `DPoP ${token}`, dpop } })
  }
  const challenged = await send('1')
  expect(challenged.status).toBe(401)
  expect(challenged.headers.get('www-authenticate')).toMatch(/^DPoP error="use_dpop_nonce"/)
  const accepted = await send('2', challenged.headers.get('dpop-nonce'))
  expect([accepted.status, await accepted.json()]).toEqual([200, { key: key.thumbprint }])
  const replayed = await send('2', challenged.headers.get('dpop-nonce'))
  expect(replayed.headers.get('www-authenticate')).toContain('error="invalid_dpop_proof"')
})

test.each([{ rawHeaders: [] }, { rawHeaders: undefined }])(
  'express: reads the headers of a serverless adapter with $rawHeaders as rawHeaders',
  { tags: ['S-12', 'S-13'] },
  async ({ rawHeaders }) => {
    await using resource = await startExpress((app, resourceServer) => {
      app.use((request, _response, next) => {
        const { rawHeaders: lines } = request
        const all = new Headers()
        for (let index = 0; index + 1 < lines.length; index += 2) {
          all.append(lines[index] ?? '', lines[index + 1] ?? '')
        }
        // Such adapters join repeated lines.
        Object.assign(request, { rawHeaders, headers: Object.fromEntries(all) })
        next()
      })
      app.get('/mcp', requireAccess(resourceServer), (_request, response) => {
        response.end()
      })
    })
    const { url, as, resourceServer } = resource
    const token = await as.signAccessToken({
      scope: 'mcp:read',
      resource: resourceServer.resource,
    })
    const authorization = `Bearer ${token}`
    expect((await fetch(`${url}/mcp`)).status).toBe(401)
    expect((await fetch(`${url}/mcp`, { headers: { authorization } })).status).toBe(200)
    const lines = ['GET /mcp HTTP/1.1', `Host: ${new URL(url).host}`]
    const line = `Authorization: ${authorization}`
    expect(await rawStatus(url, [...lines, line, line])).toBe(400)
  },
)
