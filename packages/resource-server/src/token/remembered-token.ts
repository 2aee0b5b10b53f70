import type { CheckedScopes } from '../scope/check-scopes.ts'
import { deepFreeze } from '../lib/deep-freeze.ts'
import type { VerifiedAccessToken } from './verification.ts'

/**
 * A token that is remembered. Its public members are frozen, because all requests with the token share it. What
 * its scopes were sufficient for is on the token, because looking it up in a map costs more than the decision.
 */
export class RememberedToken implements VerifiedAccessToken {
  // Freezing does not affect private members. First, because a request reads them and none of the others: so they
  // are next to each other in memory.
  #owner: object | undefined
  #sufficientFor: CheckedScopes | undefined
  readonly issuer: string
  readonly subject: string | undefined
  readonly clientId: string | undefined
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly expiresAtEpochSeconds: number | undefined
  readonly keyThumbprint: string | undefined
  readonly claims: Readonly<Record<string, unknown>>

  constructor(token: VerifiedAccessToken) {
    this.issuer = token.issuer
    this.subject = token.subject
    this.clientId = token.clientId
    this.scopes = token.scopes
    this.audience = token.audience
    this.expiresAtEpochSeconds = token.expiresAtEpochSeconds
    this.keyThumbprint = token.keyThumbprint
    this.claims = token.claims
    deepFreeze(this)
  }

  /** Whether `owner` has found the scopes of a token sufficient for a list of scopes, and it was the last one. */
  static lastSufficient(
    token: VerifiedAccessToken,
    owner: object,
    requiredScopes: readonly string[],
  ): CheckedScopes | undefined {
    if (!(#sufficientFor in token) || token.#owner !== owner) return undefined
    const last = token.#sufficientFor
    return last?.source === requiredScopes ? last : undefined
  }

  /**
   * Notes a list of scopes, for {@link RememberedToken.lastSufficient}. Does nothing for a token that is not
   * remembered, which can change.
   *
   * @param checked - Of a frozen list.
   */
  static noteSufficient(token: VerifiedAccessToken, owner: object, checked: CheckedScopes): void {
    if (!(#sufficientFor in token)) return
    token.#owner = owner
    token.#sufficientFor = checked
  }
}
