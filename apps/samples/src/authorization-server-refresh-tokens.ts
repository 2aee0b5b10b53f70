/**
 * Refresh tokens at your own authorization server: which clients get one, and how they rotate. For
 * oidc-provider, `@evergrant/authorization-server/oidc-provider` does both.
 */

// #region module
import {
  authorizationServerScopes,
  createMemoryRefreshTokenStore,
  createRefreshTokenRotation,
  decideRefreshIssuance,
} from '@evergrant/authorization-server'
import type {
  Clock,
  RefreshIssuanceDecision,
  RefreshIssuanceRequest,
  RefreshTokenRotation,
} from '@evergrant/authorization-server'

const policy = 'oidc' // or oauth21, either, never

/** For `scopes_supported` of your metadata. Lists `offline_access` if requesting it has an effect. */
export const scopesSupported: readonly string[] = authorizationServerScopes(
  ['openid', 'mcp:read', 'mcp:write'],
  policy,
)

/** The consent page calls this before the user answers, and the token endpoint calls it again. */
export function decide(request: RefreshIssuanceRequest): RefreshIssuanceDecision {
  return decideRefreshIssuance(request, { policy })
}

/** Data that is stored with every token of a sign-in. */
export interface SignedIn {
  readonly subject: string
  readonly clientId: string
  readonly scope: string
}

/** @param successorKey - 32 random bytes, kept with your signing keys. */
export function openRotation(
  successorKey: Uint8Array,
  clock?: Clock,
): RefreshTokenRotation<SignedIn> {
  return createRefreshTokenRotation(createMemoryRefreshTokenStore<SignedIn>(), {
    successorKey,
    // A superseded token leads to the same successor until that is used, for at most this long.
    // Keep it well below the lifetime of an access token (300 here), to detect a thief.
    graceSeconds: 75,
    overlapSeconds: 10, // even after the successor was used, for concurrent calls
    lifetimes: { idleSeconds: 14 * 86_400, absoluteSeconds: 90 * 86_400 },
    clock, // injected by tests
  })
}

/** The response of the token endpoint, or its OAuth error. */
export type RefreshAnswer =
  | { readonly refresh_token: string; readonly scope: string }
  | { readonly error: 'invalid_grant' }

class OtherClientError extends Error {
  override readonly name = 'OtherClientError'
}

/** The `refresh_token` grant at the token endpoint, for a client that is authenticated. */
export async function refresh(
  rotation: RefreshTokenRotation<SignedIn>,
  refreshToken: string,
  clientId: string,
): Promise<RefreshAnswer> {
  let result: Awaited<ReturnType<typeof rotation.redeem>>
  try {
    result = await rotation.redeem(refreshToken, ({ data }) => {
      // Thrown before anything is written, so that another client cannot use up the token.
      if (data.clientId !== clientId) throw new OtherClientError()
    })
  } catch (error) {
    if (error instanceof OtherClientError) return { error: 'invalid_grant' }
    throw error
  }
  // After reuse, two parties have tokens of the family, so the whole family is revoked.
  if (result.outcome === 'refused' || result.outcome === 'family-revoked') {
    return { error: 'invalid_grant' }
  }
  // `replayed`: the response to an earlier request was lost. Return the same successor again.
  return { refresh_token: result.refreshToken, scope: result.record.data.scope }
}
// #endregion module
