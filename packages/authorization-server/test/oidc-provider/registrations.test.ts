import { Provider } from 'oidc-provider'
import type { Adapter, AdapterPayload } from 'oidc-provider'
import { describe, expect, test } from 'vitest'
import { createMemoryRefreshTokenStore } from '../../src/index.ts'
import { bindRefreshTokens, withHashedClientSecret } from '../../src/oidc-provider.ts'
import type { ArtifactStore, StoredArtifact } from '../../src/oidc-provider.ts'

const day = 86_400

/** A binding over a store that records the order of its writes. */
function scene(clients: readonly { client_id: string; redirect_uris: string[] }[] = []) {
  const stored = new Map<string, StoredArtifact>()
  const writes: string[] = []
  const clock = { now: 1_800_000_000 }
  const unexpected = async () => await Promise.reject(new Error('not part of this test'))
  const artifacts: ArtifactStore = {
    async put(model, id, artifact) {
      writes.push(`put ${model}`)
      stored.set(`${model} ${id}`, artifact)
    },
    find: async (model, id) => stored.get(`${model} ${id}`),
    async extend(model, id, expiresAtEpochSeconds) {
      writes.push(`extend ${model}`)
      const artifact = stored.get(`${model} ${id}`)
      if (artifact === undefined) return false
      stored.set(`${model} ${id}`, { ...artifact, expiresAtEpochSeconds })
      return true
    },
    add: unexpected,
    findByLookupKey: unexpected,
    consume: unexpected,
    delete: unexpected,
    deleteByGrant: unexpected,
  }
  const binding = bindRefreshTokens(
    { artifacts, refreshTokens: createMemoryRefreshTokenStore<AdapterPayload>() },
    { successorKey: new Uint8Array(32), clock: { nowEpochSeconds: () => clock.now } },
  )
  const provider = new Provider('http://127.0.0.1', {
    ...binding.configuration,
    ttl: binding.ttl,
    clients: clients.map((client) => ({ ...client, token_endpoint_auth_method: 'none' })),
    features: { devInteractions: { enabled: false } },
  })
  binding.attach(provider)
  const { adapter } = binding.configuration
  const adapterOf = (model: string): Adapter => {
    if (adapter === undefined) throw new Error('no adapter')
    return Reflect.apply(adapter, undefined, [model])
  }
  const client = adapterOf('Client')
  return {
    stored,
    writes,
    clock,
    client,
    grant: adapterOf('Grant'),
    // The engine passes no expiry for clients, although its types require one.
    register: async () => await client.upsert('c', metadata, Number.NaN),
  }
}

const metadata = { client_id: 'c', client_name: 'C', redirect_uris: ['https://c.example/'] }

describe('a registration', () => {
  test('registrations: expire after 7 days, swept or not', { tags: ['A-13'] }, async () => {
    const { client, register, clock, stored } = scene()
    await register()
    expect(stored.get('Client c')?.expiresAtEpochSeconds).toBe(clock.now + 7 * day)
    clock.now += 7 * day - 1
    expect(await client.find('c')).toMatchObject(metadata)
    clock.now += 1
    expect(await client.find('c')).toBeUndefined()
  })

  test(
    'registrations: are extended beyond a grant before the grant is stored',
    { tags: ['A-13'] },
    async () => {
      const { register, grant, clock, stored, writes } = scene()
      await register()
      await grant.upsert('g', { clientId: 'c' }, 90 * day)
      expect(writes).toEqual(['put Client', 'extend Client', 'put Grant'])
      expect(stored.get('Client c')?.expiresAtEpochSeconds).toBe(clock.now + 97 * day)
    },
  )

  test('registrations: an expired one gets no grant', { tags: ['A-13'] }, async () => {
    const { grant, stored } = scene()
    await expect(grant.upsert('g', { clientId: 'c' }, 90 * day)).rejects.toMatchObject({
      error: 'invalid_client',
    })
    expect(stored.size).toBe(0)
  })

  test(
    'registrations: configured clients and metadata documents need none for a grant',
    { tags: ['A-13', 'A-09'] },
    async () => {
      const { grant, stored } = scene([
        { client_id: 'configured', redirect_uris: ['https://a.example/'] },
      ])
      await grant.upsert('g', { clientId: 'configured' }, 90 * day)
      await grant.upsert('h', { clientId: 'https://a.example/metadata.json' }, 90 * day)
      expect([...stored.keys()]).toEqual(['Grant g', 'Grant h'])
    },
  )
})

describe('a client secret', () => {
  const secret = 'the-secret-in-the-clear'

  test.each<[string, AdapterPayload]>([
    ['by default', {}],
    ['for client_secret_basic', { token_endpoint_auth_method: 'client_secret_basic' }],
    ['for client_secret_post', { token_endpoint_auth_method: 'client_secret_post' }],
    ['with signatures by keys', { id_token_signed_response_alg: 'ES256' }],
  ])('client secrets: hashed %s', { tags: ['C-06'] }, (_, extra) => {
    const hashed = withHashedClientSecret({ client_secret: secret, ...extra })
    expect(hashed).toEqual({ ...extra, client_secret: expect.stringMatching(/^sha256:[\w-]{43}$/) })
    expect(withHashedClientSecret(hashed)).toEqual(hashed)
  })

  test.each<[string, AdapterPayload]>([
    ['client_secret_jwt', { token_endpoint_auth_method: 'client_secret_jwt' }],
    ['ID tokens', { id_token_signed_response_alg: 'HS256' }],
    ['request objects', { request_object_signing_alg: 'HS512' }],
    ['encryption', { userinfo_encrypted_response_alg: 'A128KW' }],
    ['direct encryption', { id_token_encrypted_response_alg: 'dir' }],
  ])('client secrets: not hashed when used as a key, %s', { tags: ['C-06'] }, (_, extra) => {
    const payload = { client_secret: secret, ...extra }
    expect(withHashedClientSecret(payload)).toEqual(payload)
  })

  test('client secrets: a missing one is not created', { tags: ['C-06'] }, () => {
    expect(withHashedClientSecret(metadata)).toEqual(metadata)
  })
})
