import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { Provider } from 'oidc-provider'
import type { AdapterFactory, AdapterPayload } from 'oidc-provider'
import { describe, expect, test } from 'vitest'
import { createMemoryRefreshTokenStore, deriveSuccessor, refreshTokenId } from '../src/index.ts'
import type { RefreshTokenRecord, RefreshTokenStore } from '../src/index.ts'
import { bindRefreshTokens } from '../src/oidc-provider.ts'
import type {
  ArtifactStore,
  RefreshTokenBinding,
  RefreshTokenBindingOptions,
  RefreshTokenEvent,
  StoredArtifact,
} from '../src/oidc-provider.ts'

const successorKey = new Uint8Array(32).fill(7)

/** Every call takes its time, as with a database over the network: races come out. */
async function latency(): Promise<void> {
  await delay(Math.random() * 8)
}

function slowRefreshTokens(): RefreshTokenStore<AdapterPayload> {
  const store = createMemoryRefreshTokenStore<AdapterPayload>()
  return {
    async insert(record) {
      await latency()
      await store.insert(record)
    },
    async find(id) {
      await latency()
      return await store.find(id)
    },
    async supersede(id, successor, at) {
      await latency()
      const result = await store.supersede(id, successor, at)
      await latency()
      return result
    },
    async markUsed(id, at) {
      await latency()
      await store.markUsed(id, at)
    },
    async revokeFamily(familyId) {
      await latency()
      await store.revokeFamily(familyId)
    },
  }
}

function slowArtifacts(): ArtifactStore {
  const stored = new Map<string, StoredArtifact>()
  return {
    async put(model, id, artifact) {
      await latency()
      stored.set(`${model}:${id}`, artifact)
    },
    async add(model, id, artifact) {
      await latency()
      if (stored.has(`${model}:${id}`)) return false
      stored.set(`${model}:${id}`, artifact)
      return true
    },
    async find(model, id) {
      await latency()
      return stored.get(`${model}:${id}`)
    },
    async findByLookupKey(model, lookupKey) {
      await latency()
      return [...stored].find(
        ([key, artifact]) => key.startsWith(`${model}:`) && artifact.lookupKey === lookupKey,
      )?.[1]
    },
    async consume(model, id, consumedAtEpochSeconds) {
      await latency()
      const artifact = stored.get(`${model}:${id}`)
      if (artifact === undefined || artifact.consumedAtEpochSeconds !== undefined) return false
      stored.set(`${model}:${id}`, { ...artifact, consumedAtEpochSeconds })
      return true
    },
    async extend(model, id, expiresAtEpochSeconds) {
      await latency()
      const artifact = stored.get(`${model}:${id}`)
      if (artifact === undefined) return false
      const end = Math.max(artifact.expiresAtEpochSeconds ?? 0, expiresAtEpochSeconds)
      stored.set(`${model}:${id}`, { ...artifact, expiresAtEpochSeconds: end })
      return true
    },
    async delete(model, id) {
      await latency()
      stored.delete(`${model}:${id}`)
    },
    async deleteByGrant(model, grantId) {
      await latency()
      for (const [key, artifact] of stored) {
        if (key.startsWith(`${model}:`) && artifact.grantId === grantId) stored.delete(key)
      }
    },
  }
}

/** The refresh token a client holds after an answer. */
function heldAfter(answer: Record<string, unknown>, before: string): string {
  const { refresh_token: refreshToken } = answer
  return typeof refreshToken === 'string' ? refreshToken : before
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwks = { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig' }] }

/** The adapter of a binding: made by a function, of the two forms that the engine takes. */
function adapterOf({ configuration }: RefreshTokenBinding): AdapterFactory {
  const { adapter } = configuration
  if (adapter === undefined) throw new Error('expected an adapter')
  return (model) => Reflect.apply(adapter, undefined, [model])
}

/** oidc-provider with the binding and nothing else, and one sign-in that has happened already. */
async function startEngine(
  options: Partial<RefreshTokenBindingOptions> = {},
  wrap: (adapterFor: AdapterFactory) => AdapterFactory = (adapterFor) => adapterFor,
) {
  const events: RefreshTokenEvent[] = []
  const stores = { artifacts: slowArtifacts(), refreshTokens: slowRefreshTokens() }
  const binding = bindRefreshTokens(stores, {
    successorKey,
    // Most tests present tokens as fast as they get them.
    overlapSeconds: 0,
    observe: (event) => events.push(event),
    ...options,
  })
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const issuer = `http://127.0.0.1:${address.port}`
  const serverErrors: string[] = []
  const provider = new Provider(issuer, {
    ...binding.configuration,
    adapter: wrap(adapterOf(binding)),
    ttl: { ...binding.ttl, AccessToken: 60, IdToken: 60, Session: 60, Interaction: 60 },
    jwks,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    cookies: { keys: ['test'] },
    features: { devInteractions: { enabled: false } },
    clients: [
      {
        client_id: 'client',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: ['http://127.0.0.1/callback'],
        application_type: 'native',
      },
    ],
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  })
  binding.attach(provider)
  provider.on('server_error', (_ctx, error) => serverErrors.push(error.message))
  server.on('request', (request, response) => void provider.callback()(request, response))

  const client = await provider.Client.find('client')
  if (client === undefined) throw new Error('no client')
  const grant = new provider.Grant({ accountId: 'alice', clientId: 'client' })
  grant.addOIDCScope('openid')
  const grantId = await grant.save()
  const refreshToken = await new provider.RefreshToken({
    client,
    accountId: 'alice',
    grantId,
    gty: 'authorization_code',
    scope: 'openid',
  }).save()

  async function refresh(token: string): Promise<Record<string, unknown>> {
    const response = await fetch(`${issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: 'client',
        refresh_token: token,
      }),
    })
    return { ...((await response.json()) as object) }
  }

  return {
    ...stores,
    provider,
    serverErrors,
    events,
    grantId,
    refreshToken,
    refresh,
    count: (type: RefreshTokenEvent['type']) =>
      events.filter((event) => event.type === type).length,
    async find(token: string): Promise<RefreshTokenRecord<AdapterPayload> | undefined> {
      return await stores.refreshTokens.find(refreshTokenId(token))
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('oidc-provider over a slow store', () => {
  test(
    '8 concurrent refreshes with one token: the same successor eight times, one live token',
    { tags: ['A-05', 'A-06'] },
    async () => {
      await using engine = await startEngine()
      const answers = await Promise.all(
        Array.from({ length: 8 }, async () => await engine.refresh(engine.refreshToken)),
      )
      const successors = new Set(answers.map((answer) => answer['refresh_token']))
      expect(successors.size).toBe(1)
      expect(new Set(answers.map((answer) => answer['access_token'])).size).toBe(8)
      const [successor] = successors
      expect(await engine.find(engine.refreshToken)).toMatchObject({
        successorId: refreshTokenId(String(successor)),
      })
      expect((await engine.find(String(successor)))?.supersededAtEpochSeconds).toBeUndefined()
      expect([engine.count('rotated'), engine.count('replayed')]).toEqual([1, 7])
    },
  )

  test('a chain of concurrent refreshes stays alive', { tags: ['A-06'] }, async () => {
    await using engine = await startEngine()
    let held = engine.refreshToken
    for (const _ of Array.from({ length: 5 })) {
      const answers = await Promise.all(
        Array.from({ length: 3 }, async () => await engine.refresh(held)),
      )
      expect(new Set(answers.map((answer) => answer['refresh_token'])).size).toBe(1)
      held = String(answers[0]?.['refresh_token'])
    }
    expect(await engine.refresh(held)).toHaveProperty('access_token')
    expect(engine.count('reuse-detected')).toBe(0)
  })

  test('without grace: one winner, and the family ends', { tags: ['A-05'] }, async () => {
    await using engine = await startEngine({ graceSeconds: 0 })
    const answers = await Promise.all(
      Array.from({ length: 4 }, async () => await engine.refresh(engine.refreshToken)),
    )
    expect(answers.filter((answer) => 'access_token' in answer).length).toBeLessThanOrEqual(1)
    expect(engine.count('rotated')).toBe(1)
    expect(engine.count('reuse-detected')).toBeGreaterThanOrEqual(1)
    for (const answer of answers) {
      expect(await engine.refresh(heldAfter(answer, engine.refreshToken))).toMatchObject({
        error: 'invalid_grant',
      })
    }
    expect(await engine.artifacts.find('Grant', engine.grantId)).toBeUndefined()
  })

  test('the grace window is measured with the injected clock', { tags: ['A-06'] }, async () => {
    let ahead = 0
    await using engine = await startEngine({
      graceSeconds: 60,
      nowEpochSeconds: () => Math.floor(Date.now() / 1000) + ahead,
    })
    await engine.refresh(engine.refreshToken)
    ahead = 50
    expect(await engine.refresh(engine.refreshToken)).toHaveProperty('access_token')
    ahead = 70
    expect(await engine.refresh(engine.refreshToken)).toMatchObject({ error: 'invalid_grant' })
    expect(engine.events.at(-1)).toMatchObject({ type: 'reuse-detected', reason: 'grace-over' })
  })

  test('within the overlap both tokens lead to one', { tags: ['A-06'] }, async () => {
    let ahead = 0
    await using engine = await startEngine({
      overlapSeconds: 10,
      nowEpochSeconds: () => Math.floor(Date.now() / 1000) + ahead,
    })
    ahead = 20
    const first = engine.refreshToken
    const second = String((await engine.refresh(first))['refresh_token'])
    expect(second).not.toBe(first)
    const answers = await Promise.all(
      [second, first, second, first].map(async (token) => await engine.refresh(token)),
    )
    expect(answers.map((answer) => answer['refresh_token'])).toEqual(Array(4).fill(second))
    expect(new Set(answers.map((answer) => answer['access_token'])).size).toBe(4)
    expect([engine.count('rotated'), engine.count('replayed'), engine.count('kept')]).toEqual([
      1, 2, 2,
    ])
    // It was used within the overlap, and that counts from the moment the overlap is over.
    ahead = 40
    expect(await engine.refresh(first)).toMatchObject({ error: 'invalid_grant' })
    expect(engine.events.at(-1)).toMatchObject({ type: 'reuse-detected', reason: 'successor-used' })
    expect(await engine.refresh(second)).toMatchObject({ error: 'invalid_grant' })
  })

  test(
    'a family revoked in the middle of a refresh stays revoked',
    { tags: ['A-05'] },
    async () => {
      for (const _ of Array.from({ length: 10 })) {
        await using engine = await startEngine()
        const [answer] = await Promise.all([
          engine.refresh(engine.refreshToken),
          latency().then(async () => await engine.refreshTokens.revokeFamily(engine.grantId)),
        ])
        // Whichever came first, the client holds nothing that is still good.
        const held = heldAfter(answer, engine.refreshToken)
        expect(await engine.refresh(held)).toMatchObject({ error: 'invalid_grant' })
      }
    },
  )
})

describe('a rotation whose predecessor is not known', () => {
  test('is refused, stores nothing and spends nothing', { tags: ['A-05', 'A-06'] }, async () => {
    // A cache around the adapter answers for it, and the adapter hears of no presentation.
    const cache = new Map<string, AdapterPayload>()
    await using engine = await startEngine({}, (adapterFor) => (model) => {
      const adapter = adapterFor(model)
      if (model !== 'RefreshToken') return adapter
      return {
        ...adapter,
        find: async (id) => cache.get(id) ?? (await adapter.find(id)),
      }
    })
    const { refreshToken, grantId } = engine
    const stored = await engine.find(refreshToken)
    cache.set(refreshToken, {
      ...stored?.data,
      jti: refreshToken,
      grantId,
      exp: stored?.expiresAtEpochSeconds,
    })
    expect(await engine.refresh(refreshToken)).toMatchObject({ error: 'server_error' })
    expect(engine.serverErrors).toEqual([expect.stringContaining('without a cache around it')])
    expect(await engine.find(deriveSuccessor(refreshToken, successorKey))).toBeUndefined()
    cache.clear()
    const next = String((await engine.refresh(refreshToken))['refresh_token'])
    expect((await engine.find(next))?.familyId).toBe(grantId)
    expect(await engine.refresh(next)).toHaveProperty('access_token')
  })

  test('is refused outside of a request too', { tags: ['A-05'] }, async () => {
    const refreshTokens = slowRefreshTokens()
    const binding = bindRefreshTokens(
      { artifacts: slowArtifacts(), refreshTokens },
      { successorKey },
    )
    const adapter = adapterOf(binding)('RefreshToken')
    await expect(
      adapter.upsert('token', { grantId: 'grant', rotations: 1 }, 60),
    ).rejects.toMatchObject({ code: 'ENGINE_NOT_SUPPORTED' })
    expect(await refreshTokens.find(refreshTokenId('token'))).toBeUndefined()
    await adapter.upsert('token', { grantId: 'grant', rotations: 0 }, 60)
    expect(await refreshTokens.find(refreshTokenId('token'))).toMatchObject({ familyId: 'grant' })
  })
})

test('of concurrent uses of one proof, one is the first', { tags: ['A-05'] }, async () => {
  await using engine = await startEngine({ nowEpochSeconds: () => 1000 })
  const { ReplayDetection } = engine.provider
  const exp = Math.floor(Date.now() / 1000) + 300
  const use = async (jti: string) => await ReplayDetection.unique('client', jti, exp)
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, async () => await use('a')))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  expect(refused.map((reason) => reason.error)).toEqual(Array(7).fill('invalid_dpop_proof'))
  await expect(use('a')).rejects.toMatchObject({ error: 'invalid_dpop_proof' })
  expect(await use('b')).toBe(true)
})

test(
  'a proof dated ahead is remembered for as long as it is good',
  { tags: ['A-05'] },
  async () => {
    const kept: (number | undefined)[] = []
    const artifacts = slowArtifacts()
    const binding = bindRefreshTokens(
      {
        refreshTokens: slowRefreshTokens(),
        artifacts: {
          ...artifacts,
          async add(model, id, artifact) {
            kept.push(artifact.expiresAtEpochSeconds)
            return await artifacts.add(model, id, artifact)
          },
        },
      },
      { successorKey, nowEpochSeconds: () => 1000 },
    )
    const { adapter } = binding.configuration
    if (adapter === undefined) throw new Error('no adapter')
    await Reflect.apply(adapter, undefined, ['ReplayDetection']).upsert(
      'id',
      { iss: 'client' },
      300,
    )
    expect(kept).toEqual([1600])
  },
)

test('an engine without the seam is refused at start', { tags: ['A-06'] }, () => {
  const binding = bindRefreshTokens(
    { artifacts: slowArtifacts(), refreshTokens: slowRefreshTokens() },
    { successorKey },
  )
  const provider = new Provider('http://127.0.0.1', {
    ...binding.configuration,
    ttl: binding.ttl,
    jwks,
    features: { devInteractions: { enabled: false } },
  })
  Object.defineProperty(provider.RefreshToken.prototype, 'generateTokenId', { value: undefined })
  expect(() => binding.attach(provider)).toThrow(
    expect.objectContaining({ code: 'ENGINE_NOT_SUPPORTED' }),
  )
})
