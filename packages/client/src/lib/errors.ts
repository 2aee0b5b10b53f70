import { showRemote } from '@evergrant/core'

/**
 * What went wrong, as a stable code. Adding a code is a minor change, renaming one a major.
 */
export type EvergrantClientErrorCode =
  /** A URL, option or identifier given by the application cannot be used. */
  | 'INVALID_OPTION'
  /** No usable protected resource metadata or authorization server metadata was found. */
  | 'DISCOVERY_FAILED'
  /** A metadata document names another issuer or resource than the one asked for. */
  | 'METADATA_MISMATCH'
  /**
   * The MCP server's metadata claims a resource that covers more than its URL, from a place where
   * others than the owner of the origin can write. `acceptedResource` allows it.
   */
  | 'RESOURCE_TOO_WIDE'
  /** The authorization server does not say that it supports PKCE with S256. */
  | 'PKCE_NOT_SUPPORTED'
  /** The `guardedFetch` of this program connects to no such address. Nothing was sent. */
  | 'EGRESS_REFUSED'
  /** The authorization server refused to register the client, or offers no way to. */
  | 'REGISTRATION_FAILED'
  /** No grant is stored, or the grant has ended: a person has to sign in. */
  | 'SIGN_IN_REQUIRED'
  /** The sign-in was refused, cancelled, or not finished in time. */
  | 'SIGN_IN_FAILED'
  /** The authorization response does not belong to a sign-in started here. */
  | 'AUTHORIZATION_RESPONSE_INVALID'
  /** The authorization server answered a token request with an error that a retry cannot mend. */
  | 'TOKEN_REQUEST_REFUSED'
  /** A token response is not one, by RFC 6749 §5.1. */
  | 'TOKEN_RESPONSE_INVALID'
  /** No usable answer now; the grant is kept and the same call can succeed later. */
  | 'TEMPORARILY_UNAVAILABLE'
  /**
   * A token could not be saved: after a refresh it is kept in memory and saved with the next call,
   * after a sign-in it is revoked. Or the store refused before anything was sent.
   */
  | 'TOKEN_STORE_WRITE_FAILED'
  /**
   * The store can be neither read nor locked, or another user could have prepared its folder or key.
   * Nothing was sent to any server.
   */
  | 'TOKEN_STORE_UNAVAILABLE'
  /** A stored record cannot be read: damaged, of a later version, or encrypted with another key. */
  | 'RECORD_UNREADABLE'
  /** The resource keeps refusing or redirecting: the token is new, or the scope was granted already. */
  | 'RESOURCE_REFUSED'

/** Why a person has to sign in, with `SIGN_IN_REQUIRED`. */
export type SignInReason =
  /** Nobody signed in here yet. */
  | 'never-signed-in'
  /** The last sign-in was ended by signing out. */
  | 'signed-out'
  /** The authorization server ended the grant: it expired or was revoked. */
  | 'grant-ended'
  /** The answer to a refresh was lost, and the server forgives no lost answer. */
  | 'lost-response'
  /** The authorization server no longer knows this client. */
  | 'registration-ended'
  /** The authorization server issued no refresh token, and the access token is used up. */
  | 'no-refresh-token'
  /** The operation needs scopes that were not granted yet. */
  | 'wider-scope-needed'
  /** The resource names another authorization server than the one that issued the tokens. */
  | 'authorization-server-changed'

/** What may accompany an error. */
export interface EvergrantClientErrorOptions {
  /** The error underneath. It must carry no token, code, verifier or secret. */
  readonly cause?: unknown
  /** RFC 6749 §5.2 `error`, when the authorization server sent one. */
  readonly oauthError?: string | undefined
  /** When trying again can make sense, in seconds from now. */
  readonly retryAfterSeconds?: number | undefined
  /** With `SIGN_IN_REQUIRED`: why. */
  readonly signInReason?: SignInReason | undefined
  /** The scope that the sign-in has to bring, space-separated, where the resource named one. */
  readonly requiredScope?: string | undefined
  /** Where a person can sign in, for sign-ins that continue in a later request. */
  readonly authorizationUrl?: string | undefined
}

const brand: symbol = Symbol.for('evergrant.EvergrantClientError')

/**
 * The one error class of this package. `code` says what happened, `message` what to do next.
 *
 * Neither the message nor `cause` carries a token, a code, a verifier or a secret.
 */
export class EvergrantClientError extends Error {
  override readonly name = 'EvergrantClientError'
  readonly code: EvergrantClientErrorCode
  /** RFC 6749 §5.2 `error`, when the authorization server sent one. */
  readonly oauthError: string | undefined
  /** When trying again can make sense, in seconds from now. */
  readonly retryAfterSeconds: number | undefined
  /** With `SIGN_IN_REQUIRED`: why a person has to sign in. */
  readonly signInReason: SignInReason | undefined
  /** With `SIGN_IN_REQUIRED`: the scope to sign in for, where the resource named one. */
  readonly requiredScope: string | undefined
  /** With `SIGN_IN_REQUIRED` in the redirect form: where to send the person. */
  readonly authorizationUrl: string | undefined

  constructor(
    code: EvergrantClientErrorCode,
    message: string,
    options: EvergrantClientErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.oauthError = options.oauthError
    this.retryAfterSeconds = options.retryAfterSeconds
    this.signInReason = options.signInReason
    this.requiredScope = options.requiredScope
    this.authorizationUrl = options.authorizationUrl
    Object.defineProperty(this, brand, { value: true })
  }

  /** Recognises the error also when it comes from another installed copy of this package. */
  static is(value: unknown): value is EvergrantClientError {
    return typeof value === 'object' && value !== null && brand in value
  }
}

/**
 * Remote or user-given text for a message: quoted, with everything invisible escaped, and cut to a
 * length a log line can bear.
 */
export function quote(text: string, maximumLength = 200): string {
  const shown = text.length > maximumLength ? `${text.slice(0, maximumLength)}…` : text
  return showRemote(shown, Number.POSITIVE_INFINITY)
}
