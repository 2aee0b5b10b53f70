import type { TokenRefusal, VerifiedAccessToken } from '../token/access-token.ts'

/** Why a request may not proceed. */
export type RefusalReason =
  | 'no-credentials'
  | 'unsupported-scheme'
  | 'several-credentials'
  | 'token-in-query'
  | 'malformed-credentials'
  | TokenRefusal
  | 'insufficient-scope'
  | 'keys-unavailable'

/** Something in the server's own configuration that was put right on the fly (S-03). */
export interface AccessWarning {
  readonly code: 'OFFLINE_ACCESS_FILTERED'
  /** The requirement that would have been broken. */
  readonly requirement: 'S-01'
  readonly message: string
}

/** The request may proceed. */
export interface AccessGranted {
  readonly allowed: true
  readonly reason: 'scope-sufficient'
  readonly token: VerifiedAccessToken
  readonly requiredScopes: readonly string[]
  readonly warnings: readonly AccessWarning[]
}

/** The request may not proceed; all that an answer needs is here. */
export interface AccessRefused {
  readonly allowed: false
  readonly reason: RefusalReason
  /** 503 when the keys cannot be fetched: a 401 would send the user to sign in for nothing. */
  readonly status: 400 | 401 | 403 | 503
  /** RFC 6750 §3.1; none where the request simply carried no credentials. */
  readonly error:
    | 'invalid_request'
    | 'invalid_token'
    | 'insufficient_scope'
    | 'temporarily_unavailable'
    | undefined
  /** For people; it says nothing about the token's content. */
  readonly description: string
  /**
   * What the challenge names: every scope the operation needs, or, where the token was refused
   * before the operation was known, the scopes of a first challenge.
   */
  readonly requiredScopes: readonly string[]
  /** The ones among them that the token lacks; with 403 only. */
  readonly missingScopes: readonly string[]
  /** Value of `WWW-Authenticate`; none with 503. */
  readonly challenge: string | undefined
  readonly warnings: readonly AccessWarning[]
  /** With 503: what kept the keys away. */
  readonly cause?: unknown
}

/** What a protected resource decides about one request. */
export type AccessDecision = AccessGranted | AccessRefused

/**
 * What a protected resource decides about the access token of a request. A valid token alone does
 * not allow an operation: its scopes are decided on next.
 */
export type AuthenticationDecision =
  | { readonly authenticated: true; readonly token: VerifiedAccessToken }
  | { readonly authenticated: false; readonly refusal: AccessRefused }

/** How a reason is answered (RFC 6750 §3.1; S-13). */
export interface RefusalAnswer {
  readonly status: AccessRefused['status']
  readonly error: AccessRefused['error']
  readonly description: string
}

const invalidToken = { status: 401, error: 'invalid_token' } as const
const invalidRequest = { status: 400, error: 'invalid_request' } as const

/** The answer to each reason. Descriptions keep to the characters RFC 6750 §3 allows. */
export const refusalAnswers: Readonly<Record<RefusalReason, RefusalAnswer>> = {
  'no-credentials': { status: 401, error: undefined, description: 'Authorization is required' },
  'unsupported-scheme': {
    status: 401,
    error: undefined,
    description: 'Only the Bearer scheme is supported',
  },
  'several-credentials': {
    ...invalidRequest,
    description: 'The request carries more than one access token',
  },
  'token-in-query': {
    ...invalidRequest,
    description: 'Access tokens are accepted in the Authorization header only',
  },
  'malformed-credentials': {
    ...invalidRequest,
    description: 'The Authorization header holds no bearer token',
  },
  'token-malformed': { ...invalidToken, description: 'The access token is malformed' },
  'token-type-not-allowed': {
    ...invalidToken,
    description: 'The token is not of a type accepted as access token',
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
    description: 'The access token comes from another authorization server',
  },
  'token-audience-mismatch': {
    ...invalidToken,
    description: 'The access token was issued for another resource',
  },
  'token-expired': { ...invalidToken, description: 'The access token expired' },
  'token-not-yet-valid': { ...invalidToken, description: 'The access token is not valid yet' },
  'token-claim-invalid': {
    ...invalidToken,
    description: 'The access token lacks a claim or has an invalid one',
  },
  'token-sender-constrained': {
    ...invalidToken,
    description: 'The access token is bound to a key and cannot be used as bearer token',
  },
  'insufficient-scope': {
    status: 403,
    error: 'insufficient_scope',
    description: 'The operation needs scopes that the access token does not carry',
  },
  'keys-unavailable': {
    status: 503,
    error: 'temporarily_unavailable',
    description: 'The access token cannot be verified now',
  },
}

/** A refusal as an HTTP answer, for whatever framework sends it. */
export interface RefusalReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Turns a refusal into an HTTP answer with challenge and JSON body. */
export function refusalReply(refusal: AccessRefused): RefusalReply {
  return {
    status: refusal.status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(refusal.challenge === undefined ? {} : { 'www-authenticate': refusal.challenge }),
      ...(refusal.status === 503 ? { 'retry-after': '5' } : {}),
    },
    body: JSON.stringify({ error: refusal.error, error_description: refusal.description }),
  }
}
