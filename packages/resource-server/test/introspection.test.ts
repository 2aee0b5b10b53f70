import { virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { createResourceServer } from '../src/index.ts'
import type { AccessDecision, RefusalReason, TokenIntrospection } from '../src/index.ts'
import { active, startIntrospectionServer } from './introspection-server.ts'
import { metadata, resource, signingKey } from './key-server.ts'

const opaque = '9f8a7b6c-opaque-token'

function causeMessage(decision: AccessDecision): string {
  return !decision.allowed && decision.cause instanceof Error ? decision.cause.message : ''
}

test('introspection: accepts an opaque token that is active', { tags: ['S-12'] }, async () => {
  await using server = await startIntrospectionServer()
  expect(await server.decide(opaque)).toMatchObject({
    allowed: true,
    token: {
      issuer: server.issuer,
      subject: 'alice',
      clientId: 'app',
      scopes: ['mcp:read'],
      audience: [resource],
      expiresAtEpochSeconds: server.clock.nowEpochSeconds() + 3600,
      keyThumbprint: undefined,
    },
  })
  const [request] = server.requests
  expect(request?.form.get('token')).toBe(opaque)
  expect(request?.form.get('token_type_hint')).toBe('access_token')
  // The secret is form-encoded first (RFC 6749 §2.3.1).
  const basic = Buffer.from('mcp-server:a+secret%2F1').toString('base64')
  expect(request?.headers.get('authorization')).toBe(`Basic ${basic}`)
  expect(request?.form.has('client_secret')).toBe(false)
})

test('introspection: sends the secret in the form by option', { tags: ['S-12'] }, async () => {
  await using server = await startIntrospectionServer({
    clientAuthentication: 'client_secret_post',
  })
  expect((await server.decide(opaque)).allowed).toBe(true)
  const [request] = server.requests
  expect(request?.form.get('client_secret')).toBe('a secret/1')
  expect(request?.headers.has('authorization')).toBe(false)
})

test.each<[RefusalReason, Readonly<Record<string, unknown>>]>([
  ['token-inactive', { active: false }],
  ['token-audience-mismatch', { aud: 'https://other.example.com/mcp' }],
  ['token-audience-mismatch', { aud: undefined }],
  ['token-audience-mismatch', { aud: [] }],
  ['token-claim-invalid', { aud: [resource, 1] }],
  ['token-issuer-not-trusted', { iss: 'https://other.example.com' }],
  ['token-issuer-not-trusted', { iss: 1 }],
  ['token-expired', { exp: 1_700_000_000 }],
  ['token-claim-invalid', { exp: 'tomorrow' }],
  ['token-not-yet-valid', { nbf: 1_900_000_000 }],
  ['token-claim-invalid', { nbf: '0' }],
  ['token-claim-invalid', { sub: 7 }],
  ['token-claim-invalid', { client_id: '' }],
  ['token-type-not-allowed', { token_type: 'mac' }],
  ['token-type-not-allowed', { token_type: 'refresh_token' }],
  ['token-type-not-allowed', { token_use: 'refresh_token' }],
  ['token-type-not-allowed', { typ: 'Refresh' }],
  ['token-binding-unsupported', { cnf: { 'x5t#S256': 'x' } }],
  ['token-sender-constrained', { cnf: { jkt: 'K'.repeat(43) } }],
])('introspection: 401 %s for %j', { tags: ['S-12', 'S-13'] }, async (reason, members) => {
  await using server = await startIntrospectionServer()
  server.answer(() => Response.json(active(server.clock, members)))
  const refused = await server.decide(opaque)
  expect(refused).toMatchObject({ status: 401, reason, error: 'invalid_token' })
})

test.each([{ active: 'true' }, { active: 1 }, {}, [], null, 'active'])(
  'introspection: 503 for a response without a boolean active: %j',
  { tags: ['S-18'] },
  async (members) => {
    await using server = await startIntrospectionServer()
    server.answer(() => Response.json(members))
    const refused = await server.decide(opaque)
    expect(refused).toMatchObject({ status: 503, cause: { code: 'INTROSPECTION_UNAVAILABLE' } })
    expect(causeMessage(refused)).toContain('not an introspection response')
  },
)

test(
  'introspection: accepts a response without aud by option',
  { tags: ['S-12', 'S-17'] },
  async () => {
    await using server = await startIntrospectionServer({ absentAudience: 'accept' })
    server.answer(() => Response.json(active(server.clock, { aud: undefined })))
    expect((await server.decide(opaque)).allowed).toBe(true)
    server.clock.advanceSeconds(31)
    server.answer(() => Response.json(active(server.clock, { aud: 'https://other.example.com' })))
    expect(await server.decide(opaque)).toMatchObject({ reason: 'token-audience-mismatch' })
  },
)

test('introspection: uses an answer for 30 seconds', { tags: ['S-12'] }, async () => {
  await using server = await startIntrospectionServer()
  await server.decide(opaque)
  server.answer(() => Response.json({ active: false }))
  server.clock.advanceSeconds(29)
  expect((await server.decide(opaque)).allowed).toBe(true)
  expect(server.requests).toHaveLength(1)
  server.clock.advanceSeconds(1)
  expect(await server.decide(opaque)).toMatchObject({ reason: 'token-inactive' })
  // The refusal is remembered too.
  expect(await server.decide(opaque)).toMatchObject({ reason: 'token-inactive' })
  expect(server.requests).toHaveLength(2)
})

test('introspection: never uses an answer longer than the token', { tags: ['S-12'] }, async () => {
  await using server = await startIntrospectionServer({ cacheSeconds: 600 })
  const exp = server.clock.nowEpochSeconds() + 10
  server.answer(() => Response.json(active(server.clock, { exp })))
  await server.decide(opaque)
  server.clock.advanceSeconds(10)
  expect(await server.decide(opaque)).toMatchObject({ reason: 'token-expired' })
})

test('introspection: asks for each request with cacheSeconds: 0', { tags: ['S-12'] }, async () => {
  await using server = await startIntrospectionServer({ cacheSeconds: 0 })
  await server.decide(opaque)
  await server.decide(opaque)
  expect(server.requests).toHaveLength(2)
})

test(
  'introspection: one request for concurrent questions about one token',
  { tags: ['S-12'] },
  async () => {
    await using server = await startIntrospectionServer({ cacheSeconds: 0 })
    const asked = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    server.answer(async () => {
      asked.resolve()
      await released.promise
      return Response.json(active(server.clock))
    })
    const decisions = Array.from({ length: 20 }, () => server.decide(opaque))
    await asked.promise
    decisions.push(server.decide(opaque))
    released.resolve()
    const allowed = (await Promise.all(decisions)).filter((decision) => decision.allowed)
    expect(allowed).toHaveLength(21)
    expect(server.requests).toHaveLength(1)
  },
)

test.each<[string, () => Response, string]>([
  ['502', () => new Response('error', { status: 502 }), 'status 502'],
  [
    'wrong credentials',
    () => new Response(null, { status: 401 }),
    'Correct introspection.clientId',
  ],
  [
    'a redirect',
    () => new Response(null, { status: 302, headers: { location: 'https://evil.example.com' } }),
    'status 302',
  ],
  [
    'HTML',
    () => new Response('<p>hello</p>', { headers: { 'content-type': 'text/html' } }),
    'status 200, content type "text/html", not an introspection response',
  ],
  [
    'a body of more than 1 MiB',
    () => Response.json({ active: true, x: 'x'.repeat(2_000_000) }),
    'a body of more than 1048576 bytes',
  ],
  [
    'deeply nested JSON',
    () =>
      new Response(`{"active":true,"x":${'['.repeat(100_000)}`, {
        headers: { 'content-type': 'application/json' },
      }),
    'not an introspection response',
  ],
])(
  'introspection: 503 for %s, and the next requests do not ask at once',
  { tags: ['S-18'] },
  async (_case, answer, reason) => {
    await using server = await startIntrospectionServer()
    server.answer(answer)
    const refused = await server.decide(opaque)
    expect(refused).toMatchObject({
      status: 503,
      reason: 'verification-unavailable',
      challenge: undefined,
      retryAfterSeconds: 5,
    })
    expect(causeMessage(refused)).toContain(`${server.issuer}/introspect: `)
    expect(causeMessage(refused)).toContain(reason)
    expect(causeMessage(refused)).not.toContain(opaque)
    expect(await server.decide('another-token')).toMatchObject({ status: 503 })
    expect(server.requests).toHaveLength(1)
    server.answer(() => Response.json(active(server.clock)))
    server.clock.advanceSeconds(5)
    expect((await server.decide(opaque)).allowed).toBe(true)
  },
)

test('introspection: 503 with Retry-After of the endpoint', { tags: ['S-18'] }, async () => {
  await using server = await startIntrospectionServer()
  server.answer(() => new Response(null, { status: 429, headers: { 'retry-after': '17' } }))
  expect(await server.decide(opaque)).toMatchObject({ status: 503, retryAfterSeconds: 17 })
})

test(
  'introspection: a token that the endpoint cannot parse does not stop the others',
  { tags: ['S-18'] },
  async () => {
    await using server = await startIntrospectionServer()
    server.answer(({ form }) =>
      form.get('token') === 'odd'
        ? Response.json({ error: 'invalid_request' }, { status: 400 })
        : Response.json(active(server.clock)),
    )
    expect(await server.decide('odd')).toMatchObject({ status: 503 })
    expect((await server.decide(opaque)).allowed).toBe(true)
  },
)

test(
  'introspection: a token for which the endpoint answers 500 does not stop the others',
  { tags: ['S-18'] },
  async () => {
    await using server = await startIntrospectionServer()
    server.answer(({ form }) =>
      form.get('token') === 'odd'
        ? new Response(null, { status: 500 })
        : Response.json(active(server.clock)),
    )
    expect(await server.decide('odd')).toMatchObject({ status: 503 })
    expect((await server.decide(opaque)).allowed).toBe(true)
  },
)

test(
  'introspection: a token that is not valid yet is accepted when it is',
  { tags: ['S-12', 'S-18'] },
  async () => {
    await using server = await startIntrospectionServer({ cacheSeconds: 600 })
    const nbf = server.clock.nowEpochSeconds() + 5
    server.answer(() => Response.json(active(server.clock, { nbf })))
    expect(await server.decide(opaque)).toMatchObject({ reason: 'token-not-yet-valid' })
    server.clock.advanceSeconds(4)
    expect(await server.decide(opaque)).toMatchObject({ reason: 'token-not-yet-valid' })
    expect(server.requests).toHaveLength(1)
    server.clock.advanceSeconds(1)
    expect((await server.decide(opaque)).allowed).toBe(true)
  },
)

test(
  'introspection: the time of an answer begins when it is requested',
  { tags: ['S-12'] },
  async () => {
    await using server = await startIntrospectionServer({ cacheSeconds: 30 })
    server.answer(() => {
      const answer = Response.json(active(server.clock))
      // The token is revoked now, and the answer is on its way.
      server.clock.advanceSeconds(20)
      return answer
    })
    expect((await server.decide(opaque)).allowed).toBe(true)
    server.answer(() => Response.json({ active: false }))
    server.clock.advanceSeconds(10)
    expect(await server.decide(opaque)).toMatchObject({ reason: 'token-inactive' })
  },
)

test(
  'introspection: a long response counts towards the memory for tokens',
  { tags: ['S-12'] },
  async () => {
    await using server = await startIntrospectionServer(
      {},
      { tokenCache: { maximumBytes: 100_000 } },
    )
    server.answer(() => Response.json(active(server.clock, { roles: 'x'.repeat(60_000) })))
    await server.decide(opaque)
    await server.decide(opaque)
    expect(server.requests).toHaveLength(2)
    server.answer(() => Response.json(active(server.clock)))
    await server.decide('another-token')
    await server.decide('another-token')
    expect(server.requests).toHaveLength(3)
  },
)

test('introspection: refused tokens have a memory of 1 MiB', { tags: ['S-12'] }, async () => {
  await using server = await startIntrospectionServer()
  server.answer(() => Response.json({ active: false }))
  const tokens = Array.from({ length: 20 }, (_, index) => `${index}.${'x'.repeat(60_000)}.${index}`)
  for (const token of tokens) await server.decide(token)
  // The last ones are remembered, the first ones are not.
  await server.decide(tokens.at(-1) ?? '')
  expect(server.requests).toHaveLength(20)
  await server.decide(tokens[0] ?? '')
  expect(server.requests).toHaveLength(21)
})

test('introspection: 503 for a response that never ends', { tags: ['S-18'] }, async () => {
  const never = new ReadableStream<Uint8Array>()
  await using server = await startIntrospectionServer(
    { endpoint: 'https://as.example.com/introspect', timeoutMilliseconds: 20 },
    {
      fetch: async (_url, init) => {
        const signal = init?.signal
        const body = never.pipeThrough(new TransformStream(), signal ? { signal } : {})
        return new Response(body, { headers: { 'content-type': 'application/json' } })
      },
    },
  )
  const refused = await server.decide(opaque)
  expect(refused).toMatchObject({ status: 503 })
  expect(causeMessage(refused)).toContain('https://as.example.com/introspect: ')
})

test('introspection: 503 for more than 64 concurrent tokens', { tags: ['S-18'] }, async () => {
  await using server = await startIntrospectionServer()
  const released = Promise.withResolvers<void>()
  server.answer(async () => {
    await released.promise
    return Response.json(active(server.clock))
  })
  const decisions = Array.from({ length: 64 }, (_, index) => server.decide(`token-${index}`))
  expect(await server.decide('token-64')).toMatchObject({ status: 503, retryAfterSeconds: 1 })
  released.resolve()
  const allowed = (await Promise.all(decisions)).filter((decision) => decision.allowed)
  expect(allowed).toHaveLength(64)
})

test('introspection: a JWT is verified with keys, by default', { tags: ['S-12'] }, async () => {
  await using server = await startIntrospectionServer()
  const jwt = await (await signingKey('key')).sign(server.issuer, server.clock)
  expect((await server.decide(jwt)).allowed).toBe(false)
  expect(server.requests).toHaveLength(0)
})

test(
  'introspection: asks about a JWT of its issuer by option, and of no other issuer',
  { tags: ['S-12'] },
  async () => {
    await using server = await startIntrospectionServer({ tokens: 'all' })
    const key = await signingKey('key')
    const jwt = await key.sign(server.issuer, server.clock)
    expect((await server.decide(jwt)).allowed).toBe(true)
    const other = await key.sign('https://other.example.com', server.clock)
    expect(await server.decide(other)).toMatchObject({ reason: 'token-issuer-not-trusted' })
    expect(server.requests.map(({ form }) => form.get('token'))).toEqual([jwt])
  },
)

test('introspection: 503 if the metadata has no endpoint', { tags: ['S-18'] }, async () => {
  const introspection = { clientId: 'mcp', clientSecret: 'secret' }
  const resourceServer = createResourceServer(
    resource,
    [{ issuer: 'https://as.example.com', introspection }],
    {
      fetch: async () =>
        Response.json({
          issuer: 'https://as.example.com',
          authorization_endpoint: 'https://as.example.com/authorize',
          token_endpoint: 'https://as.example.com/token',
        }),
    },
  )
  const decision = await resourceServer.authorize({ authorization: `Bearer ${opaque}`, url: '/' })
  expect(decision).toMatchObject({ status: 503 })
  expect(causeMessage(decision)).toContain('no introspection_endpoint')
  expect(causeMessage(decision)).toContain('set introspection.endpoint to its URL')
})

test.each<[string, Partial<TokenIntrospection>]>([
  ['OPTION_INVALID', { clientSecret: '' }],
  ['OPTION_INVALID', { clientId: '' }],
  ['OPTION_INVALID', { cacheSeconds: -1 }],
  ['OPTION_INVALID', { cacheSeconds: 3601 }],
  ['OPTION_INVALID', { timeoutMilliseconds: 0 }],
  ['AUTHORIZATION_SERVER_INVALID', { endpoint: 'http://as.example.com/introspect' }],
])('introspection: %s at startup for %j', { tags: ['S-12'] }, async (code, introspection) => {
  await expect(startIntrospectionServer(introspection)).rejects.toMatchObject({ code })
})

test('introspection: refuses a second authorization server with it', { tags: ['S-12'] }, () => {
  const introspection = { clientId: 'mcp', clientSecret: 'secret' }
  const trusted = [
    { issuer: 'https://a.example.com', introspection },
    { issuer: 'https://b.example.com', introspection },
  ]
  expect(() => createResourceServer(resource, trusted)).toThrow(
    expect.objectContaining({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('a token must not be sent to another server'),
    }),
  )
})

test('introspection: finds the endpoint again after it has moved', { tags: ['S-18'] }, async () => {
  let path = '/old'
  const clock = virtualClock()
  const issuer = 'https://as.example.com'
  const resourceServer = createResourceServer(
    resource,
    [{ issuer, introspection: { clientId: 'mcp', clientSecret: 'secret' } }],
    {
      clock,
      async fetch(url) {
        const { pathname } = new URL(new Request(url).url)
        if (pathname === '/new') return Response.json(active(clock))
        if (pathname === '/old') return new Response(null, { status: 404 })
        const endpoint = `${issuer}${path}`
        return Response.json({ ...metadata(issuer), introspection_endpoint: endpoint })
      },
    },
  )
  const request = { authorization: `Bearer ${opaque}`, url: '/' }
  expect(await resourceServer.authorize(request)).toMatchObject({ status: 503 })
  path = '/new'
  clock.advanceSeconds(5)
  expect((await resourceServer.authorize(request)).allowed).toBe(true)
})
