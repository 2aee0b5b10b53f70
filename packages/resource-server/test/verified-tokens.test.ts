import { expect, test } from 'vitest'
import { signingKey, startKeyServer } from './key-server.ts'
import type { KeyServer, SigningKey } from './key-server.ts'
import type { ResourceServerOptions, VerifiedAccessToken } from '../src/index.ts'

/** The fetches of keys tell whether a token was verified again: the key is published once only. */
async function start(
  options: ResourceServerOptions = {},
): Promise<KeyServer & { key: SigningKey; token: string }> {
  const server = await startKeyServer({ clockToleranceSeconds: 0, ...options })
  const key = await signingKey('key')
  server.publish(key)
  return Object.assign(server, { key, token: await key.sign(server.issuer, server.clock) })
}

function authenticateNow(server: KeyServer, token: string): unknown {
  return server.resourceServer.authenticate({ authorization: `Bearer ${token}`, url: '/mcp' })
}

test('token cache: answers at once for a token that was verified', { tags: ['S-12'] }, async () => {
  await using server = await start()
  expect(authenticateNow(server, server.token)).toBeInstanceOf(Promise)
  expect((await server.decide(server.token)).allowed).toBe(true)
  expect(authenticateNow(server, server.token)).toMatchObject({
    authenticated: true,
    token: { subject: 'u' },
  })
})

test('token cache: verifies each request with tokenCache: false', { tags: ['S-12'] }, async () => {
  await using server = await start({ tokenCache: false })
  await server.decide(server.token)
  expect(authenticateNow(server, server.token)).toBeInstanceOf(Promise)
})

test('token cache: ends a token at the second of its expiry', { tags: ['S-12'] }, async () => {
  await using server = await start({ clockToleranceSeconds: 5 })
  await server.decide(server.token)
  server.clock.advanceSeconds(3604)
  expect((await server.decide(server.token)).allowed).toBe(true)
  server.clock.advanceSeconds(1)
  expect(await server.decide(server.token)).toMatchObject({ reason: 'token-expired' })
})

test(
  'token cache: refuses a token that expires while keys are fetched',
  { tags: ['S-12'] },
  async () => {
    await using server = await start({ maximumKeyAgeSeconds: 60 })
    const { clock, token, key } = server
    const publishLater = (seconds: number): void =>
      server.answer('/jwks', () => {
        clock.advanceSeconds(seconds)
        return Response.json({ keys: [key.jwk] })
      })
    const young = await key.sign(server.issuer, clock)
    publishLater(3600)
    expect(await server.decide(young)).toMatchObject({ reason: 'token-expired' })
    const next = await key.sign(server.issuer, clock)
    publishLater(0)
    expect((await server.decide(next)).allowed).toBe(true)
    clock.advanceSeconds(3599)
    publishLater(1)
    // The verdict is remembered, and the keys are due.
    expect(await server.decide(next)).toMatchObject({ reason: 'token-expired' })
    expect(await server.decide(token)).toMatchObject({ reason: 'token-expired' })
  },
)

test('token cache: the token is frozen with tokenCache: false too', async () => {
  await using server = await start({ tokenCache: false })
  const decision = await server.decide(server.token)
  expect(decision.allowed && Object.isFrozen(decision.token.claims)).toBe(true)
})

test(
  'token cache: verifies again if the clock was set back before the verification',
  { tags: ['S-12'] },
  async () => {
    let now = 1_800_000_000
    await using server = await start({ clock: { nowEpochSeconds: () => now } })
    await server.decide(server.token)
    now -= 60
    expect(authenticateNow(server, server.token)).toBeInstanceOf(Promise)
  },
)

test('token cache: forgets a token after maximumAgeSeconds', { tags: ['S-12'] }, async () => {
  await using server = await start({ tokenCache: { maximumAgeSeconds: 60 } })
  await server.decide(server.token)
  server.clock.advanceSeconds(59)
  expect(authenticateNow(server, server.token)).not.toBeInstanceOf(Promise)
  server.clock.advanceSeconds(1)
  expect(authenticateNow(server, server.token)).toBeInstanceOf(Promise)
})

test.each([
  { limit: { maximumTokens: 2 } },
  // A token of this test counts as about 1,400 bytes.
  { limit: { maximumBytes: 3500 } },
])(
  'token cache: keeps the tokens that were used last: $limit',
  { tags: ['S-12'] },
  async ({ limit }) => {
    await using server = await start({ tokenCache: limit })
    const { key, issuer, clock } = server
    const tokens = [server.token, await key.sign(issuer, clock), await key.sign(issuer, clock)]
    const [first = '', second = '', third = ''] = tokens
    await server.decide(first)
    await server.decide(second)
    clock.advanceSeconds(2)
    // Used again, so the second one makes room for the third.
    await server.decide(first)
    await server.decide(third)
    const isRemembered = tokens.map((token) => !(authenticateNow(server, token) instanceof Promise))
    expect(isRemembered).toEqual([true, false, true])
  },
)

test(
  'token cache: no other token uses the verdict of a verified one',
  { tags: ['S-12'] },
  async () => {
    await using server = await start()
    const { token } = server
    expect((await server.decide(token)).allowed).toBe(true)
    const [header = '', payload = '', signature = ''] = token.split('.')
    const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'admin' }
    const other = Buffer.from(JSON.stringify(claims)).toString('base64url')
    const forgeries = [
      `${header}.${other}.${signature}`,
      `${header}.${payload}x.${signature}`,
      `x${token}`,
      `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${other}.${signature}`,
    ]
    for (const forgery of forgeries) {
      expect((await server.decide(forgery)).allowed).toBe(false)
    }
    // A forgery does not displace the verdict of the good token.
    expect(authenticateNow(server, token)).not.toBeInstanceOf(Promise)
  },
)

test('token cache: belongs to one resource and its options', { tags: ['S-12'] }, async () => {
  await using server = await start()
  await using rsa = await startKeyServer({ algorithms: ['RS256'] })
  await server.decide(server.token)
  rsa.publish(server.key)
  const refused = await rsa.decide(await server.key.sign(rsa.issuer, rsa.clock))
  expect(refused).toMatchObject({ reason: 'token-algorithm-not-allowed' })
  expect((await rsa.decide(server.token)).allowed).toBe(false)
})

test(
  'token cache: options that change later do not change the guard',
  { tags: ['S-12'] },
  async () => {
    const algorithms = ['ES256']
    const additionalAudiences: string[] = []
    await using server = await start({ algorithms, additionalAudiences })
    algorithms.pop()
    expect((await server.decide(server.token)).allowed).toBe(true)
  },
)

test(
  'token cache: a handler cannot change a token for later requests',
  { tags: ['S-12'] },
  async () => {
    await using server = await start()
    const first = await server.decide(server.token)
    if (!first.allowed) throw new Error('expected an allowed request')
    const { token } = first
    expect(() => Object.assign(token, { scopes: ['admin'] })).toThrow(TypeError)
    expect(() => Object.assign(token.claims, { role: 'admin' })).toThrow(TypeError)
  },
)

test(
  'token cache: concurrent requests with one token share the verification',
  { tags: ['S-12'] },
  async () => {
    await using server = await start()
    const decisions = [authenticateNow(server, server.token), authenticateNow(server, server.token)]
    const tokens = (await Promise.all(decisions)) as readonly { token: VerifiedAccessToken }[]
    expect(tokens[0]?.token).toBe(tokens[1]?.token)
  },
)

/** The token with another subject and the same signature. */
function forgedFrom(token: string): string {
  const [header, payload = '', signature] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url')
  return `${header}.${forged}.${signature}`
}

test.each(['the good one', 'the forged one'])(
  'token cache: a token and a forged one with its signature share no verification, %s first',
  { tags: ['S-12'] },
  async (first) => {
    await using server = await start()
    const pair = [server.token, forgedFrom(server.token)]
    const order = first === 'the good one' ? pair : pair.toReversed()
    const decisions = await Promise.all(order.map((token) => server.decide(token)))
    expect(decisions.map(({ reason }) => reason)).toEqual(
      order.map((token) =>
        token === server.token ? 'scope-sufficient' : 'token-signature-invalid',
      ),
    )
  },
)

test(
  'token cache: an unchanged key set keeps verdicts, a withdrawn key ends its tokens',
  { tags: ['S-12'] },
  async () => {
    await using server = await start()
    const { token, clock } = server
    const before = await server.decide(token)
    clock.advanceSeconds(600)
    const after = await server.decide(token)
    expect(server.requests.filter((path) => path === '/jwks')).toHaveLength(2)
    expect([before, after].map((decision) => decision.allowed && decision.token)).toEqual([
      before.allowed && before.token,
      before.allowed && before.token,
    ])
    expect(after.allowed && before.allowed && after.token === before.token).toBe(true)
    server.publish(await signingKey('next'))
    clock.advanceSeconds(600)
    expect(await server.decide(token)).toMatchObject({ status: 401, reason: 'token-key-unknown' })
  },
)

test(
  'token cache: a key that was published again with other content ends its tokens',
  { tags: ['S-12'] },
  async () => {
    await using server = await start()
    const { token, clock } = server
    await server.decide(token)
    server.publish(await signingKey('key'))
    clock.advanceSeconds(600)
    expect(await server.decide(token)).toMatchObject({ reason: 'token-signature-invalid' })
  },
)

test('isDenied: ends a token that is remembered, at once', { tags: ['S-12', 'S-13'] }, async () => {
  const denied = new Set<unknown>()
  await using server = await start({ isDenied: ({ claims }) => denied.has(claims['jti']) })
  expect((await server.decide(server.token)).allowed).toBe(true)
  denied.add('j')
  expect(await server.decide(server.token)).toMatchObject({
    status: 401,
    reason: 'token-denied',
    challenge: expect.stringContaining('error="invalid_token"'),
  })
})

test.each([
  [
    'throws',
    () => {
      throw new Error('no database')
    },
  ],
  ['rejects', async () => await Promise.reject(new Error('no database'))],
] as const)('isDenied: 503 if it %s', { tags: ['S-18'] }, async (_case, isDenied) => {
  await using server = await start({ isDenied })
  const refused = await server.decide(server.token)
  expect(refused).toMatchObject({
    status: 503,
    reason: 'verification-unavailable',
    challenge: undefined,
    cause: {
      code: 'OPTION_FAILED',
      message: expect.stringContaining('isDenied failed: no database'),
    },
  })
})

test.each([undefined, null, 0, 'yes'])(
  'isDenied: 503 if it returns %j instead of a boolean, also later',
  { tags: ['S-12', 'S-18'] },
  async (answer) => {
    for (const value of [answer, Promise.resolve(answer)]) {
      // As plain JavaScript may.
      await using server = await start({ isDenied: (() => value) as unknown as () => boolean })
      expect(await server.decide(server.token)).toMatchObject({
        status: 503,
        cause: { message: expect.stringContaining('isDenied failed: it returned') },
      })
    }
  },
)

test('isDenied: may answer later', { tags: ['S-12'] }, async () => {
  await using server = await start({ isDenied: async () => await Promise.resolve(true) })
  expect(await server.decide(server.token)).toMatchObject({ reason: 'token-denied' })
})

test.each<ResourceServerOptions>([
  { tokenCache: { maximumTokens: 0 } },
  { tokenCache: { maximumBytes: -1 } },
  { tokenCache: { maximumAgeSeconds: Number.NaN } },
  { maximumKeyAgeSeconds: 5 },
  { maximumKeyAgeSeconds: Number.POSITIVE_INFINITY },
])('options: refuses %j at startup', { tags: ['S-12'] }, async (options) => {
  await expect(startKeyServer(options)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
})
