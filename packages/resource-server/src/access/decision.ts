import type { ProofRefusal } from '../dpop/proof.ts'
import type { AccessWarning } from '../scope/check-scopes.ts'
import type { TokenRefusal, VerifiedAccessToken } from '../token/verification.ts'

/** Why a request is refused. */
export type RefusalReason =
  | 'no-credentials'
  | 'unsupported-scheme'
  | 'several-credentials'
  | 'token-in-query'
  | 'malformed-credentials'
  | TokenRefusal
  | 'token-not-bound'
  | 'token-denied'
  | ProofRefusal
  | 'insufficient-scope'
  | 'verification-unavailable'

/** The request is allowed. */
export interface AccessGranted {
  readonly allowed: true
  readonly reason: 'scope-sufficient'
  readonly token: VerifiedAccessToken
  readonly requiredScopes: readonly string[]
  readonly warnings: readonly AccessWarning[]
  /** The header `DPoP-Nonce` of the response, if the client needs another nonce. */
  readonly dpopNonce?: string
}

/** The request is refused. Contains everything for the response. */
export interface AccessRefused {
  readonly allowed: false
  readonly reason: RefusalReason
  /**
   * 503 if the token cannot be verified, for example because keys or an introspection response cannot be
   * fetched, or the keys may have rotated since the last fetch: a 401 would prompt the user to sign in
   * without need (S-18).
   */
  readonly status: 400 | 401 | 403 | 503
  /** RFC 6750 §3.1, RFC 9449 §7.1; `undefined` if the request had no credentials. */
  readonly error:
    | 'invalid_request'
    | 'invalid_token'
    | 'insufficient_scope'
    | 'invalid_dpop_proof'
    | 'use_dpop_nonce'
    | 'temporarily_unavailable'
    | undefined
  /** For developers. It reveals nothing about the token's content. */
  readonly description: string
  /**
   * The scopes of the challenge: all scopes of the operation, or the scopes of a first challenge if
   * the token was refused before the operation was known.
   */
  readonly requiredScopes: readonly string[]
  /** Those of them that the token lacks. Only with 403. */
  readonly missingScopes: readonly string[]
  /** Value of `WWW-Authenticate`; `undefined` with 503. */
  readonly challenge: string | undefined
  readonly warnings: readonly AccessWarning[]
  /** The header `DPoP-Nonce` of the response, if proofs need a nonce. */
  readonly dpopNonce?: string
  /** With 503: the value of `Retry-After`. */
  readonly retryAfterSeconds?: number
  /** With 503: a `ResourceServerError` that says why the token could not be verified. Log it. */
  readonly cause?: unknown
}

/** The decision about a request. */
export type AccessDecision = AccessGranted | AccessRefused

/**
 * The decision about the access token of a request. A valid token alone does not allow an operation:
 * its scopes are checked next.
 */
export type AuthenticationDecision =
  | {
      readonly authenticated: true
      readonly token: VerifiedAccessToken
      /** The header `DPoP-Nonce` of the response, if the client needs another nonce. */
      readonly dpopNonce?: string
    }
  | { readonly authenticated: false; readonly refusal: AccessRefused }

/** The response to a reason (RFC 6750 §3.1, S-13). */
export interface RefusalAnswer {
  readonly status: AccessRefused['status']
  readonly error: AccessRefused['error']
  readonly description: string
}

const invalidToken = { status: 401, error: 'invalid_token' } as const
const invalidProof = { status: 401, error: 'invalid_dpop_proof' } as const
const invalidRequest = { status: 400, error: 'invalid_request' } as const

/** The response to each reason. Descriptions use only characters that RFC 6750 §3 allows. */
export const refusalAnswers: Readonly<Record<RefusalReason, RefusalAnswer>> = {
  'no-credentials': { status: 401, error: undefined, description: 'Authorization is required' },
  'unsupported-scheme': {
    status: 401,
    error: undefined,
    description: 'The authentication scheme is not supported',
  },
  'several-credentials': {
    ...invalidRequest,
    description: 'The request contains more than one access token',
  },
  'token-in-query': {
    ...invalidRequest,
    description: 'Access tokens are accepted in the Authorization header only',
  },
  'malformed-credentials': {
    ...invalidRequest,
    description: 'The Authorization header contains no usable access token',
  },
  'token-malformed': { ...invalidToken, description: 'The access token is malformed' },
  'token-type-not-allowed': {
    ...invalidToken,
    description: 'The token type is not accepted for access tokens',
  },
  'token-algorithm-not-allowed': {
    ...invalidToken,
    description: 'The access token is signed with an algorithm that is not accepted',
  },
  'token-key-unknown': {
    ...invalidToken,
    description: 'The access token is signed with an unknown key',
  },
  'token-signature-invalid': {
    ...invalidToken,
    description: 'The signature of the access token is invalid',
  },
  'token-issuer-not-trusted': {
    ...invalidToken,
    description: 'The access token was issued by another authorization server',
  },
  'token-audience-mismatch': {
    ...invalidToken,
    description: 'The access token was issued for another resource',
  },
  'token-expired': { ...invalidToken, description: 'The access token has expired' },
  'token-not-yet-valid': { ...invalidToken, description: 'The access token is not valid yet' },
  'token-claim-invalid': {
    ...invalidToken,
    description: 'The access token has a missing or invalid claim',
  },
  'token-inactive': { ...invalidToken, description: 'The access token is not active' },
  'token-denied': { ...invalidToken, description: 'The access token was revoked' },
  'token-sender-constrained': {
    ...invalidToken,
    description: 'The access token is bound to a key and cannot be used as a bearer token',
  },
  'token-binding-unsupported': {
    ...invalidToken,
    description:
      'The access token is bound to a TLS client certificate or in another way that is not supported',
  },
  'token-not-bound': {
    ...invalidToken,
    description: 'The access token is not bound to a key (RFC 9449)',
  },
  'dpop-proof-missing': {
    ...invalidProof,
    description: 'The request contains no proof in the DPoP header',
  },
  'dpop-proof-malformed': { ...invalidProof, description: 'The DPoP proof is malformed' },
  'dpop-proof-signature-invalid': {
    ...invalidProof,
    description: 'The signature of the DPoP proof is invalid',
  },
  'dpop-proof-for-another-request': {
    ...invalidProof,
    description: 'The DPoP proof is for another method or URL',
  },
  'dpop-proof-for-another-token': {
    ...invalidProof,
    description: 'The DPoP proof is for another access token',
  },
  'dpop-proof-key-mismatch': {
    ...invalidToken,
    description: 'The access token is bound to another key than the one of the DPoP proof',
  },
  'dpop-proof-expired': {
    ...invalidProof,
    description: 'The DPoP proof is too old, or from the future. Check the clock',
  },
  'dpop-proof-replayed': { ...invalidProof, description: 'The DPoP proof was used before' },
  'dpop-nonce-required': {
    status: 401,
    error: 'use_dpop_nonce',
    description: 'The DPoP proof needs the nonce of the DPoP-Nonce header',
  },
  'insufficient-scope': {
    status: 403,
    error: 'insufficient_scope',
    description: 'The operation requires scopes that the access token does not have',
  },
  'verification-unavailable': {
    status: 503,
    error: 'temporarily_unavailable',
    description: 'The access token cannot be verified at the moment',
  },
}

/** A refusal as an HTTP response, independent of the framework. */
export interface RefusalReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Converts a refusal to an HTTP response with challenge and JSON body. */
export function refusalReply(refusal: AccessRefused): RefusalReply {
  return {
    status: refusal.status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(refusal.challenge === undefined ? {} : { 'www-authenticate': refusal.challenge }),
      ...(refusal.dpopNonce === undefined ? {} : { 'dpop-nonce': refusal.dpopNonce }),
      ...(refusal.retryAfterSeconds === undefined
        ? {}
        : { 'retry-after': String(refusal.retryAfterSeconds) }),
    },
    body: JSON.stringify({ error: refusal.error, error_description: refusal.description }),
  }
}
