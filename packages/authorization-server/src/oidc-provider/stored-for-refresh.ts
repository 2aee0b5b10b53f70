import { Provider } from 'oidc-provider'
import type { AdapterPayload } from 'oidc-provider'
import type { RefreshTokenRecord } from '../rotation/refresh-token-store.ts'
import { refreshTokenId } from '../rotation/successor.ts'
import type { StoredArtifact } from './artifact-store.ts'

/** What a refresh reads, as it was stored at one moment. */
export interface StoredForRefresh {
  readonly client: StoredArtifact | undefined
  readonly refreshToken: RefreshTokenRecord<AdapterPayload> | undefined
  /** The `Grant` that `refreshToken` belongs to. */
  readonly grant: StoredArtifact | undefined
}

/**
 * Reads what a refresh needs in one step. The IDs are as in the two stores: that of the client is in
 * the clear, that of the token is hashed. Either may be unknown.
 */
export type FindForRefresh = (clientId: string, refreshTokenId: string) => Promise<StoredForRefresh>

/** The result of a lookup that the current request has already made. */
interface AlreadyRead<Found> {
  readonly found: Found | undefined
}

/** The reads of a refresh request. `undefined`: read it from its store. */
export interface RefreshReads {
  client(id: string): Promise<AlreadyRead<StoredArtifact> | undefined>
  refreshToken(id: string): Promise<AlreadyRead<RefreshTokenRecord<AdapterPayload>> | undefined>
  grant(id: string): AlreadyRead<StoredArtifact> | undefined
}

/**
 * The engine looks up the client, the token and the grant of a refresh one after the other. The first
 * lookup reads all three, and the others use what it read. Nothing is spent because of these reads
 * alone: the exchange checks again, atomically, that the token is stored and live.
 */
export function createRefreshReads(find: FindForRefresh | undefined): RefreshReads {
  const reads = new WeakMap<object, StoredForRefresh & { readonly refreshTokenId: string }>()

  async function readAll(clientId: string) {
    const context = Provider.ctx
    const token = presentedToken()
    if (find === undefined || context === undefined || token === undefined) return undefined
    const id = refreshTokenId(token)
    const read = { ...(await find(clientId, id)), refreshTokenId: id }
    reads.set(context, read)
    return read
  }

  function readBefore() {
    return Provider.ctx === undefined ? undefined : reads.get(Provider.ctx)
  }

  return {
    async client(id) {
      const read = await readAll(id)
      return read === undefined ? undefined : { found: read.client }
    },
    async refreshToken(id) {
      // The engine does not look up a client that is in its configuration.
      const read = readBefore() ?? (await readAll(Provider.ctx?.oidc.client?.clientId ?? ''))
      return read?.refreshTokenId === id ? { found: read.refreshToken } : undefined
    },
    grant(id) {
      const read = readBefore()
      return read?.refreshToken?.familyId === id ? { found: read.grant } : undefined
    },
  }
}

/** The refresh token that the current request presents to redeem it. */
function presentedToken(): string | undefined {
  const oidc = Provider.ctx?.oidc
  if (oidc?.route !== 'token' || oidc.params?.['grant_type'] !== 'refresh_token') return undefined
  const token: unknown = oidc.params['refresh_token']
  return typeof token === 'string' ? token : undefined
}
