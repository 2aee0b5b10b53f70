/**
 * The refresh tokens of an authorization server of your own: who gets one, and how they rotate.
 * On oidc-provider, `@evergrant/authorization-server/oidc-provider` does both.
 */
import {
  authorizationServerScopes,
  createMemoryRefreshTokenStore,
  createRefreshTokenRotation,
  decideRefreshIssuance,
} from '@evergrant/authorization-server'
import type {
  RefreshIssuanceDecision,
  RefreshIssuanceRequest,
  RefreshTokenRotation,
} from '@evergrant/authorization-server'

const preset = 'oidc' // or oauth21, either, never

// #region metadata
/** For `scopes_supported` of your metadata: lists `offline_access` where asking has an effect. */
export const scopesSupported: readonly string[] = authorizationServerScopes(
  ['openid', 'mcp:read', 'mcp:write'],
  preset,
)
// #endregion metadata

// #region issuance
/** The consent page asks this before the user answers, and the token endpoint asks it again. */
export function decide(request: RefreshIssuanceRequest): RefreshIssuanceDecision {
  return decideRefreshIssuance(request, { preset })
}
// #endregion issuance

/** What comes with every token of a sign-in. */
export interface SignedIn {
  readonly subject: string
  readonly clientId: string
  readonly scope: string
}

// #region rotation
/** @param successorKey - 32 random bytes, kept with your signing keys. */
export function openRotation(
  successorKey: Uint8Array,
  nowEpochSeconds?: () => number,
): RefreshTokenRotation<SignedIn> {
  return createRefreshTokenRotation(createMemoryRefreshTokenStore<SignedIn>(), {
    successorKey,
    // A superseded token leads to the same successor until that is used, or for this long: well
    // below the life of an access token, 300 here, or a thief who follows is never noticed.
    graceSeconds: 75,
    overlapSeconds: 10, // and for this long even when it was used: calls that met one expiry
    lifetimes: { idleSeconds: 14 * 86_400, absoluteSeconds: 90 * 86_400 },
    nowEpochSeconds, // the system's clock, but for tests
  })
}
// #endregion rotation

/** What the token endpoint answers with, or the OAuth error it answers. */
export type RefreshAnswer =
  | { readonly refresh_token: string; readonly scope: string }
  | { readonly error: 'invalid_grant' }

// #region redeem
/** The `refresh_token` grant at the token endpoint. */
export async function refresh(
  rotation: RefreshTokenRotation<SignedIn>,
  refreshToken: string,
  clientId: string,
): Promise<RefreshAnswer> {
  const result = await rotation.redeem(refreshToken, ({ data }) => {
    // Thrown before anything is written, so that another client's mistake spends no token.
    if (data.clientId !== clientId) throw new Error("The refresh token is another client's.")
  })
  // Reuse means that two parties hold the family: nobody does any more.
  if (result.outcome === 'refused' || result.outcome === 'family-revoked') {
    return { error: 'invalid_grant' }
  }
  // `replayed`: the answer to an earlier request was lost, and the same successor goes out again.
  return { refresh_token: result.refreshToken, scope: result.record.data.scope }
}
// #endregion redeem
