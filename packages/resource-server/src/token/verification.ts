import type { ResourceServerError } from '../lib/errors.ts'
import type { KeySetVersion } from './key-cache.ts'
import type { IssuerKeys } from './keys.ts'

/**
 * The content of a verified access token, without the token itself, so that it cannot be passed on. The
 * object is frozen, because all requests with the token share it.
 *
 * To deny single tokens, compare `jti` (or another claim) in {@link VerifiedAccessToken.claims} with a
 * list. Never use the encoded token as the key: one token has several encodings that all verify, such
 * as the other ECDSA signature `(r, n − s)`.
 */
export interface VerifiedAccessToken {
  readonly issuer: string
  /** The user, or the client if it acts on its own behalf. */
  readonly subject: string | undefined
  readonly clientId: string | undefined
  /** The granted scopes, without implied ones. */
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** `undefined` if introspection does not name it. */
  readonly expiresAtEpochSeconds: number | undefined
  /**
   * The SHA-256 thumbprint of the key that the token is bound to (RFC 9449 §6); `undefined` for a bearer
   * token. A request with a bound token is allowed only with a proof of that key.
   */
  readonly keyThumbprint: string | undefined
  /** All claims of the token, or all members of the introspection response. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** Why a token was not accepted. */
export type TokenRefusal =
  | 'token-malformed'
  | 'token-type-not-allowed'
  | 'token-algorithm-not-allowed'
  | 'token-key-unknown'
  | 'token-signature-invalid'
  | 'token-issuer-not-trusted'
  | 'token-audience-mismatch'
  | 'token-expired'
  | 'token-not-yet-valid'
  | 'token-claim-invalid'
  | 'token-sender-constrained'
  | 'token-binding-unsupported'
  | 'token-inactive'
  | 'malformed-credentials'

/** The result of verifying a token. */
export type TokenVerdict =
  | { readonly valid: true; readonly token: VerifiedAccessToken }
  | { readonly valid: false; readonly reason: TokenRefusal }
  /** Keys or an introspection response could not be fetched, so nothing is known about the token. */
  | { readonly valid: undefined; readonly error: ResourceServerError }

/** How long a verdict holds without another verification. */
export interface VerdictValidity {
  readonly fromEpochSeconds: number
  readonly untilEpochSeconds: number
  /** The keys that it rests on. It ends when they change. */
  readonly keys?: { readonly source: IssuerKeys; readonly keySet: KeySetVersion }
}

/** A verdict, and how long it holds. Without `validity`, it is for one request only. */
export interface Verification {
  readonly verdict: TokenVerdict
  readonly validity?: VerdictValidity
  /** Characters of the claims as JSON, if they are not in the token. */
  readonly claimsLength?: number
}

/** Verifies one kind of token. The promise does not reject. */
export type VerifyToken = (token: string) => Promise<Verification>

/** The verdict about a token that is not accepted. */
export function refused(reason: TokenRefusal): Verification {
  return { verdict: { valid: false, reason } }
}

/** The verdict about a token of which nothing is known. */
export function unknown(error: ResourceServerError): Verification {
  return { verdict: { valid: undefined, error } }
}
