import { expect, test } from 'vitest'
import { jsonBody, rawStatus, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { protect } from '../src/fetch.ts'
import { createResourceServer } from '../src/index.ts'
import { startGuardedResource } from './access.ts'

test(
  'protect: serves the metadata that its challenges name',
  { tags: ['S-10', 'S-02'] },
  async () => {
    await using guarded = await startGuardedResource({ scopesSupported: ['mcp:read'] })
    const challenge = (await guarded.get()).headers.get('www-authenticate') ?? ''
    const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? ''
    const response = await fetch(metadataUrl)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await jsonBody(response)).toEqual({
      resource: guarded.resource,
      authorization_servers: [guarded.as.issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: ['mcp:read'],
    })
    expect((await fetch(metadataUrl, { method: 'HEAD' })).status).toBe(200)
    expect((await fetch(metadataUrl, { method: 'OPTIONS' })).status).toBe(204)
    const posted = await fetch(metadataUrl, { method: 'POST' })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
  },
)

test(
  'protect: challenges for a fixed list of scopes, without an error code if no token was sent',
  {
    tags: ['S-11', 'S-10'],
  },
  async () => {
    await using guarded = await startGuardedResource({
      scopesSupported: ['mcp:read', 'mcp:write'],
      scopes: ['mcp:read'],
    })
    const { metadataUrl } = guarded.resourceServer
    const response = await guarded.get()
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer scope="mcp:read", resource_metadata="${metadataUrl}"`,
    )
    const basic = await guarded.get('Basic dXNlcjpwYXNz')
    expect(basic.status).toBe(401)
    expect(basic.headers.get('www-authenticate')).not.toContain('error=')
  },
)

test(
  'protect: computes the required scopes only for a request with a valid token',
  { tags: ['S-11', 'S-12', 'S-13'] },
  async () => {
    const computedFor: string[] = []
    await using guarded = await startGuardedResource({
      scopesSupported: ['mcp:read', 'mcp:write'],
      challengeScopes: ['mcp:read'],
      scopes: (request) => {
        computedFor.push(new URL(request.url).pathname)
        return ['mcp:write']
      },
    })
    const { as, resource } = guarded
    const expired = await as.signAccessToken({ resource, scope: 'mcp:write', lifetimeSeconds: 0 })
    for (const authorization of [undefined, 'Basic dXNlcjpwYXNz', `Bearer ${expired}`]) {
      const response = await guarded.get(authorization, '/mcp/write')
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toContain('scope="mcp:read", resource_')
    }
    expect((await guarded.get('Bearer two tokens', '/mcp/write')).status).toBe(400)
    expect(computedFor).toEqual([])
    const reader = await as.signAccessToken({ resource, scope: 'mcp:read' })
    const forbidden = await guarded.get(`Bearer ${reader}`, '/mcp/write')
    expect(forbidden.status).toBe(403)
    expect(forbidden.headers.get('www-authenticate')).toContain('scope="mcp:write"')
    expect(computedFor).toEqual(['/mcp/write'])
  },
)

test(
  'protect: challenges for scopes_supported if the required scopes are computed',
  { tags: ['S-11'] },
  async () => {
    await using guarded = await startGuardedResource({
      scopesSupported: ['mcp:read'],
      scopes: () => ['mcp:write'],
    })
    expect((await guarded.get()).headers.get('www-authenticate')).toContain('scope="mcp:read"')
  },
)

test('protect: refuses offline_access in challengeScopes', { tags: ['S-03'] }, () => {
  const resourceServer = createResourceServer('https://mcp.example.com/mcp', [
    'https://as.example.com',
  ])
  expect(() =>
    protect(resourceServer, () => new Response(), { challengeScopes: ['offline_access'] }),
  ).toThrow(expect.objectContaining({ code: 'OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE' }))
})

test(
  'authenticate: leaves offline_access out of the challenge, and reports it',
  { tags: ['S-01', 'S-03'] },
  async () => {
    await using guarded = await startGuardedResource()
    const request = { authorization: undefined, url: '/mcp' }
    const scopes = ['mcp:read', 'offline_access']
    const decision = await guarded.resourceServer.authenticate(request, scopes)
    expect(decision).toMatchObject({
      authenticated: false,
      refusal: {
        challenge: expect.stringContaining('scope="mcp:read"'),
        warnings: [{ code: 'OFFLINE_ACCESS_FILTERED' }],
      },
    })
  },
)

test(
  'protect: an observer that throws or rejects does not change the response',
  { tags: ['S-13'] },
  async () => {
    await using as = await startScriptedAuthorizationServer()
    const resource = 'https://mcp.example.com/mcp'
    const resourceServer = createResourceServer(resource, [as.issuer])
    const token = await as.signAccessToken({ resource, scope: 'mcp:read' })
    const observers: readonly (() => unknown)[] = [
      () => {
        throw new Error('the counter failed')
      },
      () => Promise.reject(new Error('the log is full')),
    ]
    for (const observe of observers) {
      const serve = protect(resourceServer, () => new Response(), { observe })
      expect((await serve(new Request(resource))).status).toBe(401)
      const headers = { authorization: `Bearer ${token}` }
      expect((await serve(new Request(resource, { headers }))).status).toBe(200)
    }
  },
)

test(
  'protect: passes the claims of a valid token to the handler, but not the token',
  {
    tags: ['S-12'],
  },
  async () => {
    await using guarded = await startGuardedResource({ scopes: ['mcp:read'] })
    const { as, resource, clock } = guarded
    const token = await as.signAccessToken({
      resource,
      scope: 'mcp:read mcp:write',
      subject: 'alice',
      clientId: 'editor',
      lifetimeSeconds: 60,
    })
    const response = await guarded.get(`Bearer ${token}`)
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).not.toContain(token)
    expect(JSON.parse(text)).toMatchObject({
      issuer: as.issuer,
      subject: 'alice',
      clientId: 'editor',
      scopes: ['mcp:read', 'mcp:write'],
      audience: [resource],
      expiresAtEpochSeconds: clock.nowEpochSeconds() + 60,
    })
    expect(await guarded.get(`bearer   ${token}`)).toHaveProperty('status', 200)
  },
)

test('protect: 403 names all scopes of the operation', { tags: ['S-13'] }, async () => {
  await using guarded = await startGuardedResource({
    scopes: ['mcp:read', 'mcp:write', 'mcp:admin'],
  })
  const { as, resource, resourceServer } = guarded
  const token = await as.signAccessToken({ resource, scope: 'mcp:read' })
  const response = await guarded.get(`Bearer ${token}`)
  expect(response.status).toBe(403)
  expect(response.headers.get('www-authenticate')).toBe(
    'Bearer error="insufficient_scope", ' +
      'error_description="The operation requires scopes that the access token does not have", ' +
      'scope="mcp:read mcp:write mcp:admin", ' +
      `resource_metadata="${resourceServer.metadataUrl}"`,
  )
  expect(await jsonBody(response)).toHaveProperty('error', 'insufficient_scope')
  expect(guarded.decisions).toMatchObject([
    { reason: 'insufficient-scope', missingScopes: ['mcp:write', 'mcp:admin'] },
  ])
})

test(
  'protect: accepts a broader scope that implies the required one',
  { tags: ['S-14'] },
  async () => {
    await using guarded = await startGuardedResource({
      scopes: ['mcp:read'],
      scopeImplications: { 'mcp:admin': ['mcp:write'], 'mcp:write': ['mcp:read'] },
    })
    const { as, resource } = guarded
    const statuses = []
    for (const scope of ['mcp:admin', 'mcp:read', 'mcp:unrelated']) {
      const token = await as.signAccessToken({ resource, scope })
      statuses.push((await guarded.get(`Bearer ${token}`)).status)
    }
    expect(statuses).toEqual([200, 200, 403])
  },
)

test(
  'protect: leaves a computed offline_access out of the challenge, and reports it',
  {
    tags: ['S-01', 'S-03'],
  },
  async () => {
    await using guarded = await startGuardedResource({
      scopes: () => ['mcp:write', 'offline_access'],
    })
    const { as, resource } = guarded
    const token = await as.signAccessToken({ resource, scope: 'mcp:read' })
    const forbidden = await guarded.get(`Bearer ${token}`)
    expect(forbidden.status).toBe(403)
    expect(forbidden.headers.get('www-authenticate')).toContain('scope="mcp:write"')
    expect(forbidden.headers.get('www-authenticate')).not.toContain('offline_access')
    // Nothing else is missing: access does not depend on a refresh token.
    const writer = await as.signAccessToken({ resource, scope: 'mcp:write' })
    expect((await guarded.get(`Bearer ${writer}`)).status).toBe(200)
    const filtered = { code: 'OFFLINE_ACCESS_FILTERED', requirement: 'S-01' }
    expect(guarded.decisions.map((decision) => decision.warnings)).toEqual(
      Array.from({ length: 2 }, () => [expect.objectContaining(filtered)]),
    )
  },
)

test('protect: refuses a fixed list of scopes with offline_access', { tags: ['S-03'] }, () => {
  const resourceServer = createResourceServer('https://mcp.example.com/mcp', [
    'https://as.example.com',
  ])
  expect(() =>
    protect(resourceServer, () => new Response(), { scopes: ['mcp:read', 'offline_access'] }),
  ).toThrow(expect.objectContaining({ code: 'OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE' }))
})

test('protect: refuses a token in the query string', { tags: ['S-15', 'S-13'] }, async () => {
  await using guarded = await startGuardedResource({ scopes: ['mcp:read'] })
  const { as, resource } = guarded
  const token = await as.signAccessToken({ resource, scope: 'mcp:read' })
  const inQuery = await guarded.get(undefined, `/mcp?access_token=${token}`)
  expect(inQuery.status).toBe(400)
  expect(inQuery.headers.get('www-authenticate')).toContain('error="invalid_request"')
  // For a malformed request, no scope helps.
  expect(inQuery.headers.get('www-authenticate')).not.toContain('scope=')
  const both = await guarded.get(`Bearer ${token}`, `/mcp?access_token=${token}`)
  expect(both.status).toBe(400)
  expect(guarded.decisions.map((decision) => decision.reason)).toEqual([
    'token-in-query',
    'several-credentials',
  ])
})

test.each(['Bearer', 'Bearer ', 'Bearer two tokens', 'Bearer token="quoted"', 'Bearer å'])(
  'protect: a malformed header gets 400: %s',
  { tags: ['S-13'] },
  async (authorization) => {
    await using guarded = await startGuardedResource()
    const response = await guarded.get(Buffer.from(authorization).toString('latin1'))
    expect(response.status).toBe(400)
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_request"')
  },
)

test.each([
  ['Bearer GOOD', 'Bearer GOOD'],
  ['Bearer GOOD', 'Bearer forged'],
  ['Bearer GOOD', 'Basic dXNlcjpwYXNz'],
  ['Basic dXNlcjpwYXNz', 'Bearer GOOD'],
  ['', 'Bearer GOOD'],
  ['Bearer GOOD', ''],
  ['Bearer GOOD', 'Bearer'],
])('protect: two Authorization lines get 400: %j, %j', { tags: ['S-13'] }, async (...lines) => {
  await using guarded = await startGuardedResource()
  const token = await guarded.as.signAccessToken({ resource: guarded.resource, scope: 'mcp:read' })
  const headers = lines.map((line) => `Authorization: ${line.replace('GOOD', token)}`)
  const host = `Host: ${new URL(guarded.resource).host}`
  expect(await rawStatus(guarded.resource, ['GET /mcp HTTP/1.1', host, ...headers])).toBe(400)
})

test(
  'keys: 503 while they cannot be fetched, and automatic recovery',
  {
    tags: ['S-12'],
  },
  async () => {
    await using guarded = await startGuardedResource()
    const { as, resource } = guarded
    const token = await as.signAccessToken({ resource, scope: 'mcp:read' })
    as.faults.metadata.push({ kind: 'status', status: 500 }, { kind: 'html' })
    as.faults.jwks.push({ kind: 'reset' }, { kind: 'html' })
    const answers = []
    for (let round = 0; round < 5; round += 1) {
      const { status, headers } = await guarded.get(`Bearer ${token}`)
      answers.push([status, headers.get('retry-after'), headers.get('www-authenticate')])
      const asked = as.count('metadata') + as.count('jwks')
      // Until then, further requests get the same response without another fetch.
      expect((await guarded.get(`Bearer ${token}`)).status).toBe(status)
      expect(as.count('metadata') + as.count('jwks')).toBe(asked)
      guarded.clock.advanceSeconds(5)
    }
    const unavailable = [503, '5', null]
    expect(answers).toEqual([...Array.from({ length: 4 }, () => unavailable), [200, null, null]])
    expect(guarded.decisions[0]).toMatchObject({
      reason: 'verification-unavailable',
      cause: { code: 'KEYS_UNAVAILABLE' },
    })
  },
)

test(
  'keys: fetched keys stay in use during an outage of the authorization server',
  { tags: ['S-12'] },
  async () => {
    await using guarded = await startGuardedResource()
    const { as, resource, clock } = guarded
    const token = await as.signAccessToken({ resource, scope: 'mcp:read', lifetimeSeconds: 1e6 })
    expect((await guarded.get(`Bearer ${token}`)).status).toBe(200)
    clock.advanceSeconds(11 * 60)
    for (let fault = 0; fault < 9; fault += 1) as.faults.jwks.push({ kind: 'reset' })
    const asked = as.count('jwks')
    for (let call = 0; call < 5; call += 1) {
      expect((await guarded.get(`Bearer ${token}`)).status).toBe(200)
    }
    expect(as.count('jwks') - asked).toBe(1)
    clock.advanceSeconds(25 * 3600)
    expect((await guarded.get(`Bearer ${token}`)).status).toBe(503)
  },
)

test('keys: concurrent requests share one fetch of metadata and keys', async () => {
  await using guarded = await startGuardedResource()
  const { as, resource } = guarded
  const token = await as.signAccessToken({ resource, scope: 'mcp:read' })
  const responses = await Promise.all(
    Array.from({ length: 20 }, () => guarded.get(`Bearer ${token}`)),
  )
  expect(new Set(responses.map((response) => response.status))).toEqual(new Set([200]))
  expect([as.count('metadata'), as.count('jwks')]).toEqual([1, 1])
})

test('authorize: throws for required scopes that violate the grammar', { tags: ['S-13'] }, () => {
  const resourceServer = createResourceServer('https://mcp.example.com/mcp', [
    'https://as.example.com',
  ])
  const request = { authorization: undefined, url: '/mcp' }
  expect(() => resourceServer.authorize(request, ['two scopes'])).toThrow(
    expect.objectContaining({ code: 'SCOPE_INVALID' }),
  )
})
