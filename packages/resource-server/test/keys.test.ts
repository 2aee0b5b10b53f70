import { refusalReply } from '../src/index.ts'
import type { AccessDecision } from '../src/index.ts'
import { expect, test } from 'vitest'
import { metadata, signingKey, startKeyServer } from './key-server.ts'
import type { KeyServer } from './key-server.ts'

const wellKnown = '/.well-known/oauth-authorization-server'

function fetches(server: KeyServer): number {
  return server.requests.filter((path) => path === '/jwks').length
}

function message(decision: AccessDecision): string {
  if (decision.allowed || !(decision.cause instanceof Error)) return ''
  return decision.cause.message
}

test.each([{ kids: ['old', 'new'] }, { kids: [undefined, undefined] }])(
  'keys: 503 for a key that may have rotated, until the keys can be fetched again: $kids',
  { tags: ['S-18', 'S-12'] },
  async ({ kids: [first, second] }) => {
    await using server = await startKeyServer()
    const { issuer, clock } = server
    const [old, next] = await Promise.all([signingKey(first), signingKey(second)])
    server.publish(old)
    expect((await server.decide(await old.sign(issuer, clock))).allowed).toBe(true)
    server.publish(next)
    clock.advanceSeconds(10)
    const token = await next.sign(issuer, clock)
    const refused = await server.decide(token)
    expect(refused).toMatchObject({
      status: 503,
      reason: 'verification-unavailable',
      challenge: undefined,
    })
    expect(refused.allowed ? {} : refusalReply(refused).headers).toMatchObject({
      'retry-after': '20',
    })
    expect(message(refused)).toContain('the keys can be fetched again in 20 seconds')
    expect(fetches(server)).toBe(1)
    clock.advanceSeconds(20)
    expect((await server.decide(token)).allowed).toBe(true)
    expect(fetches(server)).toBe(2)
  },
)

test.each([{ kid: 'removed' }, { kid: undefined }])(
  'keys: 401 for a key that is missing from the next fetch too: $kid',
  { tags: ['S-18', 'S-13'] },
  async ({ kid }) => {
    await using server = await startKeyServer()
    const { issuer, clock } = server
    const [current, removed] = await Promise.all([signingKey('current'), signingKey(kid)])
    server.publish(current)
    await server.decide(await current.sign(issuer, clock))
    const token = await removed.sign(issuer, clock)
    expect((await server.decide(token)).reason).toBe('verification-unavailable')
    clock.advanceSeconds(30)
    // This request fetches the keys. The next one must not get 503 until another fetch.
    expect(await server.decide(token)).toMatchObject({ status: 401 })
    clock.advanceSeconds(5)
    expect(await server.decide(token)).toMatchObject({ status: 401 })
    expect(fetches(server)).toBe(2)
    clock.advanceSeconds(30)
    expect(await server.decide(token)).toMatchObject({ status: 401 })
    expect(fetches(server)).toBe(3)
  },
)

test(
  'keys: 401 for an unknown key if the keys were fetched for this request',
  { tags: ['S-18', 'S-13'] },
  async () => {
    await using server = await startKeyServer()
    const { issuer, clock } = server
    const [current, unknown] = await Promise.all([signingKey('current'), signingKey('unknown')])
    server.publish(current)
    const tokens = await Promise.all(Array.from({ length: 5 }, () => unknown.sign(issuer, clock)))
    const decisions = await Promise.all(tokens.map((token) => server.decide(token)))
    expect(new Set(decisions.map((decision) => decision.reason))).toEqual(
      new Set(['token-key-unknown']),
    )
    expect(fetches(server)).toBe(1)
  },
)

test(
  'keys: 503 for an unknown key while the keys cannot be fetched again',
  { tags: ['S-18'] },
  async () => {
    await using server = await startKeyServer()
    const { issuer, clock } = server
    const [old, next] = await Promise.all([signingKey('old'), signingKey('new')])
    server.publish(old)
    await server.decide(await old.sign(issuer, clock))
    clock.advanceSeconds(60)
    server.answer('/jwks', () => new Response('<h1>busy</h1>', { status: 502 }))
    const refused = await server.decide(await next.sign(issuer, clock))
    expect(refused).toMatchObject({ status: 503, retryAfterSeconds: 5 })
    expect(message(refused)).toContain(`${issuer}/jwks: status 502`)
    // The old key is still there.
    expect((await server.decide(await old.sign(issuer, clock))).allowed).toBe(true)
  },
)

test(
  'keys: at most one fetch per 30 seconds, however many unknown keys tokens name',
  { tags: ['S-18'] },
  async () => {
    await using server = await startKeyServer()
    const { issuer, clock } = server
    server.publish(await signingKey('current'))
    for (let second = 0; second < 60; second += 2) {
      const stranger = await signingKey(`unknown-${second}`)
      await server.decide(await stranger.sign(issuer, clock))
      clock.advanceSeconds(2)
    }
    expect(fetches(server)).toBe(2)
  },
)

test('keys: are fetched again after ten minutes', { tags: ['S-12'] }, async () => {
  await using server = await startKeyServer()
  const { issuer, clock } = server
  const old = await signingKey('old')
  server.publish(old)
  const token = await old.sign(issuer, clock)
  expect((await server.decide(token)).allowed).toBe(true)
  server.publish(await signingKey('new'))
  clock.advanceSeconds(599)
  expect((await server.decide(token)).allowed).toBe(true)
  clock.advanceSeconds(1)
  expect((await server.decide(token)).reason).toBe('token-key-unknown')
})

test.each<[string, (issuer: string) => unknown, string]>([
  ['no jwks_uri', (issuer) => ({ ...metadata(issuer), jwks_uri: undefined }), 'no jwks_uri'],
  [
    'an http jwks_uri',
    (issuer) => ({ ...metadata(issuer), jwks_uri: 'http://as.example.com/jwks' }),
    'jwks_uri is "http://as.example.com/jwks", not an https URL',
  ],
  [
    'a jwks_uri of the wrong type',
    (issuer) => ({ ...metadata(issuer), jwks_uri: 7 }),
    'jwks_uri is 7, not a string',
  ],
  [
    'no token_endpoint',
    (issuer) => ({ ...metadata(issuer), token_endpoint: undefined }),
    'has no token_endpoint',
  ],
  [
    'another mistake besides the missing jwks_uri',
    (issuer) => ({ ...metadata(issuer), jwks_uri: undefined, scopes_supported: 'mcp:read' }),
    'no jwks_uri (also: scopes_supported is "mcp:read", not an array',
  ],
  ['an array', () => [], 'not a JSON object'],
])(
  'metadata: 503 with the reason for a document with %s',
  { tags: ['S-18'] },
  async (_case, document, reason) => {
    await using server = await startKeyServer()
    const { issuer, clock } = server
    server.answer(wellKnown, () => Response.json(document(issuer)))
    const key = await signingKey('key')
    const refused = await server.decide(await key.sign(issuer, clock))
    expect(refused).toMatchObject({ status: 503, reason: 'verification-unavailable' })
    expect(message(refused)).toContain(`${issuer}${wellKnown}: `)
    expect(message(refused)).toContain(reason)
    expect(message(refused)).toContain('set jwksUri')
  },
)

test.each<[string, () => Response, string]>([
  [
    'HTML',
    () => new Response('<p>Sign in</p>', { headers: { 'content-type': 'text/html' } }),
    'status 200, content type "text/html", not JSON',
  ],
  [
    'a redirect',
    () => new Response(null, { status: 301, headers: { location: 'https://new.example.com/' } }),
    'status 301, a redirect to "https://new.example.com/"',
  ],
  ['a missing document', () => new Response(null, { status: 404 }), 'status 404'],
])('metadata: 503 names what was received: %s', { tags: ['S-18'] }, async (_case, answer, said) => {
  await using server = await startKeyServer()
  const { issuer, clock } = server
  server.answer(wellKnown, answer)
  const key = await signingKey('key')
  const refused = await server.decide(await key.sign(issuer, clock))
  expect(refused).toMatchObject({ status: 503 })
  expect(message(refused)).toContain(`${issuer}${wellKnown}: ${said}`)
})

test.each<[string, unknown]>([
  ['no keys member', {}],
  ['keys that are not objects', { keys: ['key'] }],
])('keys: 503 for a document with %s', { tags: ['S-18'] }, async (_case, document) => {
  await using server = await startKeyServer()
  const { issuer, clock } = server
  server.answer('/jwks', () => Response.json(document))
  const key = await signingKey('key')
  const refused = await server.decide(await key.sign(issuer, clock))
  expect(refused).toMatchObject({ status: 503 })
  expect(message(refused)).toContain(`${issuer}/jwks: not a JSON Web Key Set`)
})

test(
  'keys: an outage of ten minutes refuses no request, and delays none',
  { tags: ['S-18'] },
  async () => {
    await using server = await startKeyServer()
    const { issuer, clock } = server
    const key = await signingKey('key')
    server.publish(key)
    const warm = await key.sign(issuer, clock)
    await server.decide(warm)
    server.answer('/jwks', () => new Response(null, { status: 503 }))
    const before = fetches(server)
    const outcomes: unknown[] = []
    for (let second = 0; second < 1200; second += 10) {
      clock.advanceSeconds(10)
      outcomes.push((await server.decide(warm)).allowed)
      // Signed with a known key, and not remembered.
      outcomes.push((await server.decide(await key.sign(issuer, clock))).allowed)
    }
    expect(outcomes.filter((allowed) => allowed !== true)).toEqual([])
    // From 480 seconds on, at most one attempt in five seconds.
    expect(fetches(server) - before).toBeLessThanOrEqual(73)
    expect(fetches(server) - before).toBeGreaterThan(0)
  },
)

test(
  'keys: are fetched in the background before they are too old',
  { tags: ['S-18'] },
  async () => {
    await using server = await startKeyServer()
    const { issuer, clock } = server
    const key = await signingKey('key')
    server.publish(key)
    const token = await key.sign(issuer, clock)
    await server.decide(token)
    const fetched = Promise.withResolvers<void>()
    server.answer('/jwks', () => {
      fetched.resolve()
      return Response.json({ keys: [key.jwk] })
    })
    clock.advanceSeconds(500)
    // At once, without waiting for the fetch that it starts.
    const request = { authorization: `Bearer ${token}`, url: '/mcp' }
    expect(server.resourceServer.authenticate(request)).toMatchObject({ authenticated: true })
    await fetched.promise
    expect(fetches(server)).toBe(2)
  },
)

test(
  'keys: maximumKeyAgeSeconds limits how long a withdrawn key works',
  { tags: ['S-12'] },
  async () => {
    await using server = await startKeyServer({ maximumKeyAgeSeconds: 60 })
    const { issuer, clock } = server
    const key = await signingKey('key')
    server.publish(key)
    const token = await key.sign(issuer, clock)
    await server.decide(token)
    server.publish(await signingKey('other'))
    clock.advanceSeconds(40)
    expect((await server.decide(token)).allowed).toBe(true)
    clock.advanceSeconds(20)
    expect(await server.decide(token)).toMatchObject({ status: 401, reason: 'token-key-unknown' })
  },
)

test.each<[string, () => Response, string]>([
  [
    'more than 1,000 keys',
    () =>
      Response.json({
        keys: Array.from({ length: 10_000 }, (_, kid) => ({ kty: 'oct', kid: `${kid}` })),
      }),
    '10000 keys (expected at most 1000)',
  ],
  [
    'more than 1 MiB',
    () => new Response(`{"keys":[],"x":"${'x'.repeat(50_000_000)}"}`),
    'a body of more than 1048576 bytes',
  ],
  ['arrays nested 200,000 deep', () => new Response('['.repeat(200_000)), 'not JSON'],
  ['a key that is an array', () => Response.json({ keys: [[]] }), 'not a JSON Web Key Set'],
])('keys: 503 for a key set with %s', { tags: ['S-18'] }, async (_case, answer, reason) => {
  await using server = await startKeyServer()
  const { issuer, clock } = server
  server.answer('/jwks', answer)
  const key = await signingKey('key')
  const refused = await server.decide(await key.sign(issuer, clock))
  expect(refused).toMatchObject({ status: 503 })
  expect(message(refused)).toContain(`${issuer}/jwks: `)
  expect(message(refused)).toContain(reason)
})

test('keys: 503 for a key set with no end', { tags: ['S-18'] }, async () => {
  const chunk = new Uint8Array(65_536).fill(32)
  let chunks = 0
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      chunks += 1
      controller.enqueue(chunk)
    },
  })
  await using server = await startKeyServer({ fetch: async () => new Response(endless) })
  const { issuer, clock } = server
  const refused = await server.decide(await (await signingKey('key')).sign(issuer, clock))
  expect(refused).toMatchObject({ status: 503 })
  expect(message(refused)).toContain('a body of more than 1048576 bytes')
  expect(chunks).toBeLessThan(40)
})

test('keys: are found again after they have moved', { tags: ['S-18'] }, async () => {
  await using server = await startKeyServer()
  const { issuer, clock } = server
  const [old, next] = await Promise.all([signingKey('old'), signingKey('next')])
  server.publish(old)
  await server.decide(await old.sign(issuer, clock))
  server.answer('/jwks', () => new Response(null, { status: 404 }))
  server.answer(wellKnown, () => Response.json({ ...metadata(issuer), jwks_uri: `${issuer}/keys` }))
  server.answer('/keys', () => Response.json({ keys: [next.jwk] }))
  clock.advanceSeconds(600)
  const token = await next.sign(issuer, clock)
  expect(await server.decide(token)).toMatchObject({ status: 503 })
  clock.advanceSeconds(5)
  expect((await server.decide(token)).allowed).toBe(true)
})
