import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { Provider } from 'oidc-provider'
import type { AdapterFactory, AdapterPayload } from 'oidc-provider'
import { createMemoryRefreshTokenStore } from '../../src/index.ts'
import type { RefreshTokenRecord, RefreshTokenStore } from '../../src/index.ts'
import { bindRefreshTokens, createMemoryArtifactStore } from '../../src/oidc-provider.ts'
import type {
  ArtifactStore,
  FindForRefresh,
  RefreshTokenBinding,
  RefreshTokenBindingOptions,
  RefreshTokenEvent,
} from '../../src/oidc-provider.ts'
import { refreshTokenId } from '../../src/rotation/successor.ts'

export const successorKey = new Uint8Array(32).fill(7)

/** Every call takes some time, as with a database over the network, so that races occur. */
export async function latency(): Promise<void> {
  await delay(Math.random() * 8)
}

export function slowRefreshTokens(): RefreshTokenStore<AdapterPayload> {
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

export function slowArtifacts(): ArtifactStore {
  const store = createMemoryArtifactStore()
  return {
    async put(model, id, artifact) {
      await latency()
      await store.put(model, id, artifact)
    },
    async add(model, id, artifact) {
      await latency()
      return await store.add(model, id, artifact)
    },
    async find(model, id) {
      await latency()
      return await store.find(model, id)
    },
    async findByLookupKey(model, lookupKey) {
      await latency()
      return await store.findByLookupKey(model, lookupKey)
    },
    async consume(model, id, consumedAtEpochSeconds) {
      await latency()
      return await store.consume(model, id, consumedAtEpochSeconds)
    },
    async extend(model, id, expiresAtEpochSeconds) {
      await latency()
      return await store.extend(model, id, expiresAtEpochSeconds)
    },
    async delete(model, id) {
      await latency()
      await store.delete(model, id)
    },
    async deleteByGrant(model, grantId) {
      await latency()
      await store.deleteByGrant(model, grantId)
    },
  }
}

/** The refresh token a client holds after an answer. */
export function heldAfter(answer: Record<string, unknown>, before: string): string {
  const { refresh_token: refreshToken } = answer
  return typeof refreshToken === 'string' ? refreshToken : before
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const jwks = { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig' }] }

/** The adapter of a binding, which is a function: the engine also accepts a class. */
export function adapterOf({ configuration }: RefreshTokenBinding): AdapterFactory {
  const { adapter } = configuration
  if (adapter === undefined) throw new Error('expected an adapter')
  return (model) => Reflect.apply(adapter, undefined, [model])
}

/** oidc-provider with only the binding, and one completed sign-in. */
export async function startEngine(
  options: Partial<RefreshTokenBindingOptions> = {},
  wrap: (adapterFor: AdapterFactory) => AdapterFactory = (adapterFor) => adapterFor,
  findForRefresh: (stores: {
    readonly artifacts: ArtifactStore
    readonly refreshTokens: RefreshTokenStore<AdapterPayload>
  }) => FindForRefresh | undefined = () => undefined,
) {
  const events: RefreshTokenEvent[] = []
  const stores = { artifacts: slowArtifacts(), refreshTokens: slowRefreshTokens() }
  const binding = bindRefreshTokens(
    { ...stores, findForRefresh: findForRefresh(stores) },
    {
      successorKey,
      // Most tests present tokens right after they get them.
      overlapSeconds: 0,
      observe: (event) => events.push(event),
      ...options,
    },
  )
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
    exchange: binding.exchange,
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
