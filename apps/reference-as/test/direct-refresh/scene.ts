import { once } from 'node:events'
import { createServer } from 'node:http'
import { refreshTokenId } from '@evergrant/authorization-server'
import type { RefreshTokenRecord } from '@evergrant/authorization-server'
import type { StoredArtifact } from '@evergrant/authorization-server/oidc-provider'
import type { AdapterPayload } from 'oidc-provider'
import { createProvider } from '../../src/provider/provider.ts'
import { loopbackResources } from '../../src/provider/resources.ts'
import type { AuthorizationServerOptions } from '../../src/index.ts'
import { loadSecrets } from '../../src/keys/secrets.ts'
import { signingKeysAt } from '../../src/keys/signing-keys.ts'
import { nowEpochSeconds } from '../../src/lib/clock.ts'
import { resolveSettings } from '../../src/settings/resolve-settings.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { createStats } from '../../src/telemetry/stats.ts'
import { signInWithRefreshToken } from '../support.ts'

/** What is stored for one sign-in. */
export interface Stored {
  readonly client: StoredArtifact
  readonly refreshToken: RefreshTokenRecord<AdapterPayload>
  readonly grant: StoredArtifact
}

/**
 * The engine behind an HTTP server, and the direct refresh beside it, over one store. `refreshDirectly`
 * is `undefined` when the engine would have to answer.
 */
export async function openScene(options: AuthorizationServerOptions = {}) {
  const store = openSqliteStore(':memory:')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  const issuer = `http://127.0.0.1:${address.port}`
  const secrets = await loadSecrets(store.secrets)
  const settings = resolveSettings({ demo: true, overlapSeconds: 0, ...options })
  const { provider, directRefresh } = createProvider({
    issuer,
    settings,
    store,
    secrets,
    signingKeys: signingKeysAt(secrets.signingKeys, nowEpochSeconds()),
    resources: loopbackResources(settings.resources),
    fetch: async () => {
      throw new Error('expected no request')
    },
    requester: () => undefined,
    events: createStats(),
    log: () => {},
    assessRisk: undefined,
  })
  const engine = provider.callback()
  server.on('request', (request, response) => void engine(request, response))

  return {
    issuer,
    store,
    provider,
    refreshDirectly: directRefresh,
    /** Signs in through the engine. `change` edits what the engine stored. */
    async signIn(change: (stored: Stored) => Partial<Stored> = () => ({})) {
      const { client, refreshToken } = await signInWithRefreshToken({ issuer })
      const read = await store.findForRefresh(client.client_id, refreshTokenId(refreshToken))
      if (read.client === undefined || read.refreshToken === undefined) throw new Error('expected')
      if (read.grant === undefined) throw new Error('expected a grant')
      const stored = { client: read.client, refreshToken: read.refreshToken, grant: read.grant }
      const changed = { ...stored, ...change(stored) }
      const { familyId } = stored.refreshToken
      await store.artifacts.put('Client', client.client_id, changed.client)
      await store.artifacts.put('Grant', familyId, changed.grant)
      await store.refreshTokens.revokeFamily(familyId)
      await store.refreshTokens.insert(changed.refreshToken)
      return { client, form: { clientId: client.client_id, refreshToken, resource: undefined } }
    },
    record: async (refreshToken: string) =>
      await store.refreshTokens.find(refreshTokenId(refreshToken)),
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await store.close()
    },
  }
}
