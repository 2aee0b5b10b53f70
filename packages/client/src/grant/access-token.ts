import type { Grant, PrivateJwk } from './grant.ts'

/** An access token, ready to be sent. */
export interface AccessToken {
  readonly value: string
  readonly tokenType: 'Bearer' | 'DPoP'
  /** The granted scope, space-separated; `undefined` if the client and the server never named one. */
  readonly scope: string | undefined
  readonly expiresAtEpochSeconds: number | undefined
  /**
   * The private key that this token is bound to (DPoP, RFC 9449); absent for bearer tokens. The
   * member is not enumerable, so JSON, logs and copies of the token do not contain the key. Pass
   * the object that you received to `Session.send`, not a copy.
   */
  readonly dpopKey?: PrivateJwk | undefined
}

/**
 * The access token of a grant, with the key it is bound to. Frozen, because many callers share it.
 *
 * @returns `undefined` if the grant has no tokens.
 */
export function accessTokenOf({ tokenSet, dpopKey }: Grant): AccessToken | undefined {
  if (tokenSet === undefined) return undefined
  const token: AccessToken = {
    value: tokenSet.accessToken,
    tokenType: tokenSet.tokenType,
    scope: tokenSet.scope,
    expiresAtEpochSeconds: tokenSet.expiresAtEpochSeconds,
  }
  if (dpopKey !== undefined) Object.defineProperty(token, 'dpopKey', { value: dpopKey })
  return Object.freeze(token)
}
