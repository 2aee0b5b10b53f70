import type { CheckedScopes } from '../scope/check-scopes.ts'
import { deepFreeze } from '../lib/deep-freeze.ts'
import type { VerifiedAccessToken } from './verification.ts'

/** What was computed from the scopes of a token. */
export interface ScopeMemory {
  /** Who computed it. Another one must not use it. */
  readonly owner: object
  /** The granted scopes, with those that they imply. */
  readonly granted: readonly string[]
  /** The last list of a route that they satisfied. */
  readonly sufficientFor: CheckedScopes | undefined
}

/**
 * A token that is remembered. Its public members are frozen, because all requests with the token share it. What
 * is computed from its scopes is on the token, because looking it up in a map costs more than the decision.
 */
export class RememberedToken implements VerifiedAccessToken {
  readonly issuer: string
  readonly subject: string | undefined
  readonly clientId: string | undefined
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly expiresAtEpochSeconds: number | undefined
  readonly keyThumbprint: string | undefined
  readonly claims: Readonly<Record<string, unknown>>
  // Freezing does not affect private members.
  #owner: object | undefined
  #granted: readonly string[] | undefined
  #sufficientFor: CheckedScopes | undefined

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

  /** The granted scopes as `owner` computed them. */
  static grantedBy(token: VerifiedAccessToken, owner: object): readonly string[] | undefined {
    return #granted in token && token.#owner === owner ? token.#granted : undefined
  }

  /** Does nothing for a token that is not remembered, which can change. */
  static memorize(token: VerifiedAccessToken, memory: ScopeMemory): void {
    if (!(#sufficientFor in token)) return
    token.#owner = memory.owner
    token.#granted = memory.granted
    token.#sufficientFor = memory.sufficientFor
  }
}
