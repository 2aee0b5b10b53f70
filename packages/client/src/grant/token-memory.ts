import type { RefreshTiming } from '@evergrant/core'
import type { AccessToken } from './access-token.ts'
import { accessTokenOf } from './access-token.ts'
import type { Grant } from './grant.ts'
import type { StoredGrant } from './grant-repository.ts'
import type { Freshness } from './token-freshness.ts'

/** What one process knows about a grant without reading the store. */
export interface TokenMemory {
  /** The grant as the store last held it. */
  readonly stored: StoredGrant | undefined
  remember(stored: StoredGrant | undefined): void
  /**
   * What to do with the token in memory. `undefined` if it has expired, was rejected, or does
   * not exist.
   */
  usableFor(
    rejectedAccessToken: string | undefined,
  ): Exclude<RefreshTiming['action'], 'expired'> | undefined
  /** The token in memory, as the same promise for every caller. */
  token(): Promise<AccessToken> | undefined
}

/** Makes an empty memory. */
export function tokenMemory(actionFor: Freshness): TokenMemory {
  let stored: StoredGrant | undefined
  let shared: { readonly grant: Grant; readonly token: Promise<AccessToken> } | undefined
  return {
    get stored() {
      return stored
    },
    remember(next) {
      stored = next
    },
    usableFor(rejectedAccessToken) {
      if (stored === undefined) return undefined
      const { grant } = stored
      if (grant.tokenSet?.accessToken === rejectedAccessToken) return undefined
      const action = actionFor(grant)
      return action === 'expired' ? undefined : action
    },
    token() {
      if (stored === undefined) return undefined
      if (shared?.grant !== stored.grant) {
        const token = accessTokenOf(stored.grant)
        if (token === undefined) return undefined
        shared = { grant: stored.grant, token: Promise.resolve(token) }
      }
      return shared.token
    },
  }
}
