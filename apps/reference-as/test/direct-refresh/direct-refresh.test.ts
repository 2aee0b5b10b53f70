import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nowEpochSeconds } from '../../src/lib/clock.ts'
import { post, presentation, refresh, resource } from '../support.ts'
import { openScene } from './scene.ts'
import type { Stored } from './scene.ts'

// Both paths state what remains of a lifetime in whole seconds, and must see the same second.
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => vi.useRealTimers())

/** Names and kinds of values, for what differs between two tokens. */
const shapeOf = (value: object) => Object.entries(value).map(([name, one]) => [name, typeof one])

test(
  'direct refresh: gives the same response and access token as the engine',
  { tags: ['A-05', 'A-08', 'A-12'] },
  async () => {
    await using scene = await openScene()
    const { client, form } = await scene.signIn()
    const direct = (await scene.refreshDirectly?.(form)) as Record<string, string>
    const { body: engine } = await post(scene, '/token', {
      grant_type: 'refresh_token',
      client_id: client.client_id,
      refresh_token: direct['refresh_token'] ?? '',
    })
    expect(direct).toEqual({
      ...engine,
      access_token: direct['access_token'],
      refresh_token: direct['refresh_token'],
    })
    expect(shapeOf(direct)).toEqual(shapeOf(engine))
    const [ours = '', theirs = ''] = [direct, engine].map((one) => String(one['access_token']))
    expect(decodeProtectedHeader(ours)).toEqual(decodeProtectedHeader(theirs))
    const [claims, engineClaims] = [decodeJwt(ours), decodeJwt(theirs)]
    expect(shapeOf(claims)).toEqual(shapeOf(engineClaims))
    const { jti, iat, exp, ...same } = claims
    expect(engineClaims).toMatchObject(same)
    expect([jti?.length, (exp ?? 0) - (iat ?? 0)]).toEqual([
      engineClaims.jti?.length,
      (engineClaims.exp ?? 0) - (engineClaims.iat ?? 0),
    ])
    const keys = createRemoteJWKSet(new URL('/jwks', scene.issuer))
    await jwtVerify(ours, keys, { issuer: scene.issuer, audience: resource, typ: 'at+jwt' })
  },
)

test(
  'direct refresh: stores the same successor as the engine',
  { tags: ['A-05', 'A-07'] },
  async () => {
    await using scene = await openScene()
    const { client, form } = await scene.signIn()
    const direct = (await scene.refreshDirectly?.(form)) as { refresh_token: string }
    const byEngine = await refresh(scene, client, direct.refresh_token)
    const first = await scene.record(direct.refresh_token)
    const second = await scene.record(byEngine.refresh_token)
    if (first === undefined || second === undefined) throw new Error('expected two records')
    expect(await scene.record(form.refreshToken)).toMatchObject({ successorId: first.id })
    expect(first).toEqual({
      ...second,
      id: first.id,
      issuedAtEpochSeconds: first.issuedAtEpochSeconds,
      expiresAtEpochSeconds: first.expiresAtEpochSeconds,
      supersededAtEpochSeconds: first.supersededAtEpochSeconds,
      successorId: second.id,
      data: { ...second.data, iat: first.data['iat'], exp: first.data.exp, rotations: 1 },
    })
    expect(second.data['rotations']).toBe(2)
    expect(first.data.gty).toBe('authorization_code refresh_token')
  },
)

test('direct refresh: costs one read and one write of the store', { tags: ['A-05'] }, async () => {
  await using scene = await openScene()
  const { form } = await scene.signIn()
  const first = (await scene.refreshDirectly?.(form)) as { refresh_token: string }
  const calls: string[] = []
  const { artifacts, refreshTokens } = scene.store
  for (const target of [artifacts, refreshTokens, scene.store]) {
    for (const [name, method] of Object.entries(target)) {
      if (typeof method !== 'function') continue
      Object.assign(target, {
        [name]: (...values: unknown[]): unknown => {
          calls.push(name)
          return Reflect.apply(method, target, values)
        },
      })
    }
  }
  const again = { ...form, refreshToken: first.refresh_token }
  expect(await scene.refreshDirectly?.(again)).toBeDefined()
  expect(calls).toEqual(['findForRefresh', 'supersede'])
})

test('direct refresh: accepts the resource of the token', { tags: ['A-08'] }, async () => {
  await using scene = await openScene()
  const { form } = await scene.signIn()
  expect(await scene.refreshDirectly?.({ ...form, resource })).toBeDefined()
})

const token =
  (members: object) =>
  ({ refreshToken }: Stored) => ({
    refreshToken: { ...refreshToken, data: { ...refreshToken.data, ...members } },
  })
const record =
  (members: object) =>
  ({ refreshToken }: Stored) => ({ refreshToken: { ...refreshToken, ...members } })
const client =
  (members: object) =>
  ({ client: stored }: Stored) => ({
    client: { ...stored, payload: { ...stored.payload, ...members } },
  })
const grant =
  (members: object) =>
  ({ grant: stored }: Stored) => ({
    grant: { ...stored, payload: { ...stored.payload, ...members } },
  })
const past = nowEpochSeconds() - 10

/** With the outcome at the engine, which answers instead. */
const leftToTheEngine: readonly (readonly [string, (stored: Stored) => Partial<Stored>, string])[] =
  [
    ['an expired token', record({ expiresAtEpochSeconds: past }), 'invalid_grant'],
    ['a token of another client', token({ clientId: 'other' }), 'invalid_grant'],
    ['a token with a proof key', token({ jkt: 'thumbprint' }), 'invalid_grant'],
    // The engine is configured to read no certificates.
    ['a token with a certificate', token({ 'x5t#S256': 'thumbprint' }), 'server_error'],
    ['a token for openid', token({ scope: 'openid mcp:read' }), 'ok'],
    ['a token without a scope', token({ scope: undefined }), 'ok'],
    ['a token with claims', token({ claims: { id_token: {} } }), 'ok'],
    ['a token with an attested key', token({ attestationJkt: 'thumbprint' }), 'ok'],
    ['a token with an unknown member', token({ later: true }), 'ok'],
    ['a token for several resources', token({ resource: [resource] }), 'invalid_target'],
    ['a token for another resource', token({ resource: 'https://other.test/' }), 'invalid_target'],
    ['a token of an unknown account', token({ accountId: 'unknown' }), 'invalid_grant'],
    [
      'a token that ends with a session',
      token({ expiresWithSession: true, sessionUid: 'none' }),
      'invalid_grant',
    ],
    [
      'an expired registration',
      ({ client: stored }) => ({ client: { ...stored, expiresAtEpochSeconds: past } }),
      'invalid_client',
    ],
    [
      'a client with a secret',
      client({ token_endpoint_auth_method: 'client_secret_post', client_secret: 'secret' }),
      'invalid_client',
    ],
    ['a client with keys at a URL', client({ jwks_uri: 'https://client.test/jwks' }), 'ok'],
    ['a client that must prove a key', client({ dpop_bound_access_tokens: true }), 'invalid_grant'],
    [
      'a client without the grant type',
      client({ grant_types: ['authorization_code'] }),
      'invalid_request',
    ],
    [
      'a client that the settings refuse',
      client({ redirect_uris: ['javascript:alert(1)'] }),
      'invalid_redirect_uri',
    ],
    ['an expired grant', grant({ exp: past }), 'invalid_grant'],
    ['a grant of another client', grant({ clientId: 'other' }), 'invalid_grant'],
    ['a grant of another account', grant({ accountId: 'other' }), 'invalid_grant'],
    ['a grant without the resource', grant({ resources: {} }), 'ok'],
    ['a grant with rejected scopes', grant({ rejected: {} }), 'ok'],
    ['another kind of grant', grant({ kind: 'Session' }), 'invalid_grant'],
  ]

test.for(leftToTheEngine)(
  'direct refresh: leaves %s to the engine, and spends nothing',
  { tags: ['A-05', 'A-08', 'A-11'] },
  async ([, change, outcome]) => {
    await using scene = await openScene()
    const { client: registered, form } = await scene.signIn(change)
    const before = await scene.record(form.refreshToken)
    expect(before).toBeDefined()
    // A failure is left to the engine too.
    expect(await scene.refreshDirectly?.(form).catch(() => undefined)).toBeUndefined()
    expect(await scene.record(form.refreshToken)).toEqual(before)
    expect(await presentation(scene, registered, form.refreshToken)).toBe(outcome)
  },
)

test.for([
  ['an unknown token', { refreshToken: 'unknown' }],
  ['an unknown client', { clientId: 'unknown' }],
  ['a client identifier with NUL', { clientId: '\0' }],
  ['another resource', { resource: 'http://127.0.0.1:9/other' }],
] as const)('direct refresh: leaves %s to the engine', async ([, change]) => {
  await using scene = await openScene()
  const { form } = await scene.signIn()
  expect(await scene.refreshDirectly?.({ ...form, ...change })).toBeUndefined()
  expect((await scene.record(form.refreshToken))?.supersededAtEpochSeconds).toBeUndefined()
})

test(
  'direct refresh: leaves a superseded token and a revoked grant to the engine',
  { tags: ['A-05', 'A-06', 'A-11'] },
  async () => {
    await using scene = await openScene()
    const { form } = await scene.signIn()
    const next = (await scene.refreshDirectly?.(form)) as { refresh_token: string }
    expect(await scene.refreshDirectly?.(form)).toBeUndefined()
    const stored = await scene.record(next.refresh_token)
    await scene.store.artifacts.delete('Grant', stored?.familyId ?? '')
    const revoked = { ...form, refreshToken: next.refresh_token }
    expect(await scene.refreshDirectly?.(revoked)).toBeUndefined()
    expect((await scene.record(next.refresh_token))?.supersededAtEpochSeconds).toBeUndefined()
  },
)

test(
  'direct refresh: leaves a token that was issued a moment ago to the engine',
  { tags: ['A-06'] },
  async () => {
    await using scene = await openScene({ overlapSeconds: 10 })
    const { client: registered, form } = await scene.signIn()
    expect(await scene.refreshDirectly?.(form)).toBeUndefined()
    expect(await presentation(scene, registered, form.refreshToken)).toBe('ok')
    expect((await scene.record(form.refreshToken))?.supersededAtEpochSeconds).toBeUndefined()
  },
)

test(
  'direct refresh: of two concurrent refreshes, one is left to the engine',
  { tags: ['A-05', 'A-06'] },
  async () => {
    await using scene = await openScene()
    const { form } = await scene.signIn()
    const answers = await Promise.all([
      scene.refreshDirectly?.(form),
      scene.refreshDirectly?.(form),
    ])
    expect(answers.filter((answer) => answer !== undefined)).toHaveLength(1)
  },
)

test('direct refresh: leaves an account that was removed to the engine', async () => {
  await using scene = await openScene({ demo: true })
  await scene.store.accounts.add({ id: 'a1', username: 'alice', passwordHash: 'none' })
  const change = (stored: Stored) => ({
    ...token({ accountId: 'a1' })(stored),
    ...grant({ accountId: 'a1' })(stored),
  })
  const { form } = await scene.signIn(change)
  const next = (await scene.refreshDirectly?.(form)) as { refresh_token: string }
  expect(decodeJwt((next as unknown as { access_token: string }).access_token).sub).toBe('a1')
  await scene.store.accounts.remove('alice')
  const again = { ...form, refreshToken: next.refresh_token }
  expect(await scene.refreshDirectly?.(again)).toBeUndefined()
})

test.for([{ emulate: 'keycloak' }, { preset: 'never' as const }])(
  'direct refresh: is off with %o',
  async (options) => {
    await using scene = await openScene(options)
    expect(scene.refreshDirectly).toBeUndefined()
  },
)
