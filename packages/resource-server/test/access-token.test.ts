import { CompactSign, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import type { CryptoKey } from 'jose'
import { expect, test } from 'vitest'
import type { AccessTokenRequest, ScriptedAuthorizationServer } from '@evergrant/test-kit'
import { startScriptedAuthorizationServer, virtualClock } from '@evergrant/test-kit'
import { createResourceServer } from '../src/index.ts'
import type { RefusalReason } from '../src/index.ts'
import { startGuardedResource } from './access.ts'

const scope = 'mcp:read'

test.each<[RefusalReason, Omit<AccessTokenRequest, 'scope'>]>([
  ['token-audience-mismatch', { resource: 'https://other.example.com/mcp' }],
  ['token-audience-mismatch', { claims: { aud: ['https://other.example.com/mcp'] } }],
  ['token-expired', { lifetimeSeconds: 0 }],
  ['token-expired', { lifetimeSeconds: -3600 }],
  ['token-not-yet-valid', { claims: { nbf: 1_800_000_060 } }],
  ['token-issuer-not-trusted', { claims: { iss: 'https://evil.example.com' } }],
  ['token-issuer-not-trusted', { claims: { iss: undefined } }],
  ['token-claim-invalid', { claims: { aud: undefined } }],
  ['token-claim-invalid', { claims: { exp: undefined } }],
  ['token-claim-invalid', { claims: { sub: undefined } }],
  ['token-claim-invalid', { claims: { client_id: undefined } }],
  ['token-claim-invalid', { claims: { exp: 'tomorrow' } }],
  ['token-claim-invalid', { claims: { sub: 1 } }],
  ['token-claim-invalid', { claims: { sub: '' } }],
  ['token-claim-invalid', { claims: { sub: ['alice'] } }],
  ['token-claim-invalid', { claims: { sub: null } }],
  ['token-claim-invalid', { claims: { client_id: 1 } }],
  ['token-claim-invalid', { claims: { client_id: '' } }],
  ['token-claim-invalid', { claims: { client_id: null, azp: 'app' } }],
  ['token-claim-invalid', { claims: { azp: {} } }],
  ['token-claim-invalid', { claims: { jti: 7 } }],
  ['token-claim-invalid', { claims: { jti: '' } }],
  ['token-issuer-not-trusted', { claims: { iss: 1 } }],
  ['token-issuer-not-trusted', { claims: { iss: ['https://as.example.com'] } }],
  ['token-sender-constrained', { claims: { cnf: { jkt: 'K'.repeat(43) } } }],
  ['token-binding-unsupported', { claims: { cnf: { jkt: 'thumbprint' } } }],
  ['token-binding-unsupported', { claims: { cnf: { 'x5t#S256': 'K'.repeat(43) } } }],
  [
    'token-binding-unsupported',
    { claims: { cnf: { jkt: 'K'.repeat(43), 'x5t#S256': 'K'.repeat(43) } } },
  ],
  ['token-binding-unsupported', { claims: { cnf: null } }],
  ['token-binding-unsupported', { claims: { cnf: {} } }],
  ['token-type-not-allowed', { header: { typ: 'JWT' } }],
  ['token-type-not-allowed', { header: { typ: undefined } }],
  ['token-key-unknown', { header: { kid: 'no-such-key' } }],
])('token: 401 invalid_token for %s, %j', { tags: ['S-12', 'S-13'] }, async (reason, change) => {
  await using guarded = await startGuardedResource()
  const { resource, as } = guarded
  const token = await as.signAccessToken({ scope, resource, ...change })
  const response = await guarded.get(`Bearer ${token}`)
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
  expect(guarded.decisions.map((decision) => decision.reason)).toEqual([reason])
})

test.each([{ aud: ['?', 1] }, { aud: ['?', ''] }, { aud: ['?', ['x']] }, { aud: ['?', null] }])(
  'token: refuses an audience with an entry that is not a string: %j',
  { tags: ['S-12', 'S-13'] },
  async ({ aud }) => {
    await using guarded = await startGuardedResource()
    const { resource, as } = guarded
    const claims = { aud: aud.map((entry) => (entry === '?' ? resource : entry)) }
    const token = await as.signAccessToken({ scope, resource, claims })
    expect((await guarded.get(`Bearer ${token}`)).status).toBe(401)
    expect(guarded.decisions).toMatchObject([{ reason: 'token-claim-invalid' }])
  },
)

test.each([{ sub: 1 }, { sub: '' }, { azp: 1 }, { client_id: '' }, { client_id: 1, azp: 'app' }])(
  'token: refuses a plain JWT with an identity claim of the wrong type: %j',
  { tags: ['S-12', 'S-13'] },
  async (wrong) => {
    await using guarded = await startGuardedResource({ tokenTypes: ['jwt'] })
    const { resource, as } = guarded
    const header = { typ: 'JWT' }
    const claims = { sub: undefined, client_id: undefined, ...wrong }
    const good = { ...claims, sub: undefined, azp: undefined, client_id: undefined }
    const token = await as.signAccessToken({ scope, resource, header, claims })
    expect((await guarded.get(`Bearer ${token}`)).status).toBe(401)
    const without = await as.signAccessToken({ scope, resource, header, claims: good })
    expect((await guarded.get(`Bearer ${without}`)).status).toBe(200)
    expect(guarded.decisions).toMatchObject([{ reason: 'token-claim-invalid' }, { allowed: true }])
  },
)

test('token: refuses an expiry that is not finite', { tags: ['S-12'] }, async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const keys = [await exportJWK(publicKey)]
  const resource = 'https://mcp.example.com/mcp'
  const issuer = 'https://as.example.com'
  const resourceServer = createResourceServer(
    resource,
    [{ issuer, jwksUri: 'https://as.example.com/jwks' }],
    { fetch: async () => Response.json({ keys }) },
  )
  const claims = { iss: issuer, aud: resource, sub: 'u', client_id: 'c', jti: 'j', iat: 1 }
  const payload = JSON.stringify(claims).replace(/}$/, ',"exp":1e999}')
  const token = await new CompactSign(new TextEncoder().encode(payload))
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
    .sign(privateKey)
  const request = { authorization: `Bearer ${token}`, url: '/mcp' }
  expect(await resourceServer.authorize(request)).toMatchObject({ reason: 'token-claim-invalid' })
})

test.each<[string, unknown, readonly string[]]>([
  ['a no-break space', 'mcp:read\u00a0x', []],
  ['a tab', 'mcp:read\tx', []],
  ['a line feed', 'x\nmcp:read', []],
  ['an ideographic space', 'mcp:read\u3000mcp:write', []],
  ['a byte order mark', '\ufeffmcp:read', []],
  ['several spaces', ' mcp:read  mcp:read mcp:write ', ['mcp:read', 'mcp:write']],
  ['a character outside the grammar', 'mcp:"read mcp:write', ['mcp:write']],
  ['an array', ['mcp:read', 'mcp:write'], ['mcp:read', 'mcp:write']],
  ['an array entry with a space', ['x mcp:read', 'mcp:write'], ['mcp:write']],
  ['an array entry of another type', [['mcp:read'], 1, null, 'mcp:write'], ['mcp:write']],
  ['an object', { 0: 'mcp:read', length: 1 }, []],
  ['a number', 1, []],
  ['an empty string', '', []],
])(
  'token: grants scope strictly by the grammar: %s',
  { tags: ['S-12', 'S-13'] },
  async (_case, claim, granted) => {
    await using guarded = await startGuardedResource()
    const { resource, as } = guarded
    const claims = { scope: claim }
    const token = await as.signAccessToken({ scope, resource, claims })
    await guarded.get(`Bearer ${token}`)
    const scp = await as.signAccessToken({
      scope,
      resource,
      claims: { scope: undefined, scp: claim },
    })
    await guarded.get(`Bearer ${scp}`)
    expect(guarded.decisions).toMatchObject([
      { token: { scopes: granted } },
      { token: { scopes: granted } },
    ])
  },
)

test('token: refuses a token that its issuer did not sign', { tags: ['S-12'] }, async () => {
  await using guarded = await startGuardedResource()
  const { as, resource, clock } = guarded
  await using stranger = await startScriptedAuthorizationServer({ clock })
  const good = await as.signAccessToken({ scope, resource })
  const [header = '', payload = '', signature = ''] = good.split('.')
  const claims = { ...decode(payload), scope: 'mcp:admin' }
  const widened = Buffer.from(JSON.stringify(claims)).toString('base64url')
  const shared = new TextEncoder().encode('the public key as if it were a shared secret')
  const forged: readonly (readonly [RefusalReason, string])[] = [
    ['token-signature-invalid', `${header}.${widened}.${signature}`],
    [
      'token-key-unknown',
      await stranger.signAccessToken({ scope, resource, claims: { iss: as.issuer } }),
    ],
    ['token-algorithm-not-allowed', await signed('HS256', shared, decode(payload))],
    ['token-algorithm-not-allowed', withType(new UnsecuredJWT(decode(payload)).encode())],
    ['token-malformed', 'opaque-token'],
    ['token-malformed', `${header}.${payload}`],
    ['token-malformed', `${header}.bm90IGpzb24.${signature}`],
  ]
  for (const [reason, token] of forged) {
    // The keys can be fetched again, so an unknown key is not a new one.
    clock.advanceSeconds(30)
    expect([reason, (await guarded.get(`Bearer ${token}`)).status]).toEqual([reason, 401])
  }
  expect(guarded.decisions.map((decision) => decision.reason)).toEqual(
    forged.map(([reason]) => reason),
  )
})

test(
  'token: refuses an algorithm that is not allowed, even if the key matches',
  {
    tags: ['S-12'],
  },
  async () => {
    await using guarded = await startGuardedResource({ algorithms: ['RS256'] })
    const token = await guarded.as.signAccessToken({ scope, resource: guarded.resource })
    expect((await guarded.get(`Bearer ${token}`)).status).toBe(401)
    expect(guarded.decisions).toMatchObject([{ reason: 'token-algorithm-not-allowed' }])
  },
)

test(
  'token: expires at the exact second, plus the configured tolerance',
  {
    tags: ['S-12'],
  },
  async () => {
    await using guarded = await startGuardedResource({ clockToleranceSeconds: 5 })
    const { as, resource, clock } = guarded
    const token = await as.signAccessToken({ scope, resource, lifetimeSeconds: 60 })
    clock.advanceSeconds(64)
    expect((await guarded.get(`Bearer ${token}`)).status).toBe(200)
    clock.advanceSeconds(1)
    expect((await guarded.get(`Bearer ${token}`)).status).toBe(401)
  },
)

test('token: accepts plain JWTs and scopes in "scp" by option', async () => {
  await using guarded = await startGuardedResource({
    tokenTypes: ['at+jwt', 'JWT'],
    scopes: ['mcp:read'],
  })
  const { as, resource } = guarded
  const token = await as.signAccessToken({
    scope,
    resource,
    header: { typ: 'JWT' },
    claims: { scope: undefined, scp: ['mcp:read', 'mcp:write'], client_id: undefined, azp: 'app' },
  })
  const response = await guarded.get(`Bearer ${token}`)
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    scopes: ['mcp:read', 'mcp:write'],
    clientId: 'app',
  })
})

test(
  'token: two trusted authorization servers, each for its own tokens only',
  {
    tags: ['S-12', 'S-10'],
  },
  async () => {
    const clock = virtualClock()
    await using one = await startScriptedAuthorizationServer({ clock })
    await using two = await startScriptedAuthorizationServer({ clock })
    const resource = 'https://mcp.example.com/mcp'
    const resourceServer = createResourceServer(
      resource,
      [one.issuer, { issuer: two.issuer, jwksUri: two.jwksUri }],
      { clock },
    )
    async function decide(as: ScriptedAuthorizationServer, claims = {}): Promise<string> {
      const token = await as.signAccessToken({ scope, resource, claims })
      const request = { authorization: `Bearer ${token}`, url: '/mcp' }
      return (await resourceServer.authorize(request, [scope])).reason
    }
    expect(await decide(one)).toBe('scope-sufficient')
    expect(await decide(two)).toBe('scope-sufficient')
    clock.advanceSeconds(30)
    expect(await decide(one, { iss: two.issuer })).toBe('token-key-unknown')
    expect(two.count('metadata')).toBe(0)
  },
)

test('keys: tries each matching key for a token without kid', { tags: ['S-12'] }, async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const { publicKey: otherKey } = await generateKeyPair('ES256')
  const issuer = 'https://as.example.com'
  const resource = 'https://mcp.example.com'
  const keys = await Promise.all([otherKey, publicKey].map((key) => exportJWK(key)))
  const clock = virtualClock()
  const resourceServer = createResourceServer(
    resource,
    [{ issuer, jwksUri: 'https://as.example.com/jwks' }],
    { fetch: async () => Response.json({ keys }), clock },
  )
  const now = clock.nowEpochSeconds()
  const claims = {
    iss: issuer,
    // The form that many clients send for an origin.
    aud: `${resource}/`,
    sub: 'user',
    client_id: 'client',
    scope,
    jti: 'token-1',
    iat: now,
    exp: now + 60,
  }
  async function decide(key: CryptoKey): Promise<string> {
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
      .sign(key)
    const request = { authorization: `Bearer ${token}`, url: '/' }
    return (await resourceServer.authorize(request, [scope])).reason
  }
  expect(await decide(privateKey)).toBe('scope-sufficient')
  const stranger = await generateKeyPair('ES256')
  clock.advanceSeconds(30)
  expect(await decide(stranger.privateKey)).toBe('token-signature-invalid')
})

test('keys: ignores metadata that names another issuer', { tags: ['S-12'] }, async () => {
  await using guarded = await startGuardedResource()
  const { as, resource } = guarded
  as.overrideMetadata({ issuer: 'https://evil.example.com' })
  const token = await as.signAccessToken({ scope, resource })
  expect((await guarded.get(`Bearer ${token}`)).status).toBe(503)
  expect(as.count('jwks')).toBe(0)
})

function decode(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
}

async function signed(
  alg: string,
  key: Uint8Array | undefined,
  claims: Record<string, unknown>,
): Promise<string> {
  const signingKey = key ?? (await generateKeyPair(alg)).privateKey
  return await new SignJWT(claims).setProtectedHeader({ alg, typ: 'at+jwt' }).sign(signingKey)
}

function withType(unsecured: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url')
  return unsecured.replace(/^[^.]*/, header)
}
