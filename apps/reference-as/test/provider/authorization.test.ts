import { request as httpRequest } from 'node:http'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { describe, expect, test } from 'vitest'
import {
  answerOf,
  authorizationRequest,
  discover,
  post,
  redeem,
  redirectUri,
  register,
  resource,
  signIn,
  startServer,
} from '../support.ts'

describe('metadata', () => {
  test(
    'metadata: RFC 8414 and OpenID Connect discovery are equal',
    { tags: ['A-08'] },
    async () => {
      await using server = await startServer()
      const documents = await Promise.all(
        ['oauth-authorization-server', 'openid-configuration'].map(
          async (name): Promise<unknown> => {
            const response = await fetch(`${server.issuer}/.well-known/${name}`)
            expect(response.headers.get('content-type')).toContain('application/json')
            return await response.json()
          },
        ),
      )
      expect(documents[0]).toEqual(documents[1])
      expect(documents[0]).toMatchObject({
        issuer: server.issuer,
        code_challenge_methods_supported: ['S256'],
        response_types_supported: ['code'],
        grant_types_supported: [
          'authorization_code',
          'refresh_token',
          'urn:ietf:params:oauth:grant-type:device_code',
        ],
        authorization_response_iss_parameter_supported: true,
        client_id_metadata_document_supported: true,
        registration_endpoint: `${server.issuer}/reg`,
        revocation_endpoint: `${server.issuer}/token/revocation`,
        introspection_endpoint: `${server.issuer}/token/introspection`,
      })
    },
  )

  test('metadata: a foreign Host header gets no metadata', { tags: ['A-08'] }, async () => {
    await using server = await startServer()
    const status = await new Promise((resolve, reject) => {
      httpRequest(
        `${server.issuer}/.well-known/oauth-authorization-server`,
        { headers: { host: 'attacker.example' } },
        (response) => {
          response.resume()
          resolve(response.statusCode)
        },
      )
        .on('error', reject)
        .end()
    })
    expect(status).toBe(421)
  })
})

describe('tokens', () => {
  test(
    'tokens: an access token is an RFC 9068 JWT with the resource as audience',
    { tags: ['A-08'] },
    async () => {
      await using server = await startServer({ accessTokenLifetimeSeconds: 120 })
      const { client, tokens } = await signIn(server, {
        parameters: { scope: 'mcp:read mcp:write unknown' },
      })
      const { jwks_uri } = await discover(server)
      const keys = createRemoteJWKSet(new URL(jwks_uri ?? ''))
      const { payload, protectedHeader } = await jwtVerify(tokens.access_token, keys, {
        issuer: server.issuer,
        audience: resource,
        typ: 'at+jwt',
        requiredClaims: ['sub', 'client_id', 'iat', 'exp', 'jti'],
      })
      expect(protectedHeader.alg).toBe('ES256')
      expect(payload).toMatchObject({ client_id: client.client_id, scope: 'mcp:read mcp:write' })
      expect(tokens).toMatchObject({ expires_in: 120, scope: 'mcp:read mcp:write' })
    },
  )

  test('authorization: the response has the issuer', { tags: ['A-08'] }, async () => {
    await using server = await startServer()
    const answer = await answerOf(await authorizationRequest(server, await register(server)))
    expect(answer.searchParams.get('iss')).toBe(server.issuer)
  })

  test(
    'authorization: a request without scope gets the default scopes',
    { tags: ['A-08'] },
    async () => {
      await using server = await startServer({ defaultScopes: ['mcp:read'] })
      for (const scope of [undefined, 'offline_access']) {
        const { tokens } = await signIn(server, { parameters: { scope } })
        expect(tokens.scope).toBe('mcp:read')
      }
    },
  )

  test(
    'tokens: the audience is the configured spelling of the resource',
    { tags: ['A-08'] },
    async () => {
      const listed = 'https://mcp.example/'
      await using server = await startServer({ demo: true, resources: [listed] })
      const { tokens } = await signIn(server, { parameters: { resource: 'https://mcp.example' } })
      const [, payload = ''] = tokens.access_token.split('.')
      const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
      expect(claims).toMatchObject({ aud: listed })
    },
  )
})

describe('authorization requests that are refused', () => {
  test.each([
    ['an unknown resource', { resource: 'https://mcp.example/mcp' }, 'invalid_target'],
    ['a resource that is not a URL', { resource: 'mcp' }, 'invalid_target'],
    ['resource scopes without a resource', { resource: undefined }, 'invalid_target'],
    ['unknown scopes', { scope: 'files:read' }, 'invalid_scope'],
    ['malformed scope', { scope: 'a"b' }, 'invalid_scope'],
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['PKCE plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['implicit', { response_type: 'token' }, 'unsupported_response_type'],
    ['prompt=none with another prompt', { prompt: 'none select_account' }, 'invalid_request'],
  ])('authorization: refuses %s', { tags: ['A-08'] }, async (_, parameters, error) => {
    await using server = await startServer()
    const authorization = await authorizationRequest(server, await register(server), parameters)
    const answer = await answerOf(authorization)
    const answered =
      answer.hash === '' ? answer.searchParams : new URLSearchParams(answer.hash.slice(1))
    expect(answered.get('error')).toBe(error)
    expect(answered.get('state')).toBe(authorization.state)
    expect(answered.get('iss')).toBe(server.issuer)
    expect(answered.get('code')).toBe(null)
  })

  test.each([
    ['an unknown client', { client_id: 'unknown' }, 'invalid_client'],
    ['no client', { client_id: undefined }, 'invalid_request'],
    ['a redirect URI of another site', { redirect_uri: 'https://evil.example/' }, 'redirect_uri'],
    ['another path', { redirect_uri: `${redirectUri}/extra` }, 'redirect_uri'],
    [
      'a loopback name that was not registered',
      { redirect_uri: 'http://localhost:7777/callback' },
      'redirect_uri',
    ],
  ])(
    'authorization: shows a page instead of a redirect for %s',
    { tags: ['A-08'] },
    async (_, parameters, shown) => {
      await using server = await startServer()
      const { url } = await authorizationRequest(server, await register(server), parameters)
      const response = await fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } })
      expect(response.status).toBe(400)
      expect(response.headers.get('location')).toBe(null)
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
      const page = await response.text()
      expect(page).toContain(shown)
      expect(page).not.toMatch(/node_modules|\bat .*\.js:/)
    },
  )

  test('authorization: a loopback redirect URI may have any port', { tags: ['A-08'] }, async () => {
    await using server = await startServer()
    // Registered as "web", as many native clients do.
    const client = await register(server, { application_type: 'web' })
    const other = 'http://127.0.0.1:50505/callback'
    const answer = await answerOf(
      await authorizationRequest(server, client, { redirect_uri: other }),
    )
    expect(`${answer.origin}${answer.pathname}`).toBe(other)
    expect(answer.searchParams.get('code')).not.toBe(null)
  })
})

describe('token requests that are refused', () => {
  test('token request: refuses a wrong code verifier', { tags: ['A-08'] }, async () => {
    await using server = await startServer()
    const authorization = await authorizationRequest(server, await register(server))
    const answer = await answerOf(authorization)
    const wrong = { ...authorization, verifier: oauth.generateRandomCodeVerifier() }
    await expect(redeem(server, wrong, answer)).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test.each([
    ['no grant type', {}, 'invalid_request'],
    ['an unknown grant type', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['no code', { grant_type: 'authorization_code' }, 'invalid_request'],
  ])('token request: refuses %s', { tags: ['A-08'] }, async (_, form, error) => {
    await using server = await startServer()
    const { client_id } = await register(server)
    const answer = await post(server, '/token', { client_id, ...form })
    expect(answer).toMatchObject({ status: 400, body: { error } })
  })

  test('token request: refuses an unknown client', { tags: ['A-08'] }, async () => {
    await using server = await startServer()
    const answer = await post(server, '/token', {
      client_id: 'unknown',
      grant_type: 'refresh_token',
    })
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  })

  test.each([
    ['JSON instead of a form', 'application/json', '{"grant_type":'],
    [
      'a form with a duplicate parameter',
      'application/x-www-form-urlencoded',
      'grant_type=a&grant_type=b',
    ],
    [
      'a form of a megabyte',
      'application/x-www-form-urlencoded',
      `grant_type=${'x'.repeat(1_000_000)}`,
    ],
  ])('token request: refuses %s', { tags: ['A-08'] }, async (_, contentType, body) => {
    await using server = await startServer()
    const response = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
    })
    expect([400, 401]).toContain(response.status)
    const answer: unknown = await response.json()
    expect(answer).toMatchObject({ error: expect.stringMatching(/^invalid_(request|client)$/) })
    expect(JSON.stringify(answer)).not.toMatch(/node_modules|\bat .*\.js:/)
  })
})

test('healthz: answers under any host name', async () => {
  await using server = await startServer()
  const response = await fetch(`${server.issuer}/healthz`)
  expect(await response.json()).toEqual({ status: 'ok' })
})
