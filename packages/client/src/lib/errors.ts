import { showRemote } from '@evergrant/core'

/** The kind of an error. Codes are stable: a new code is a minor change, a renamed one a major. */
export type EvergrantClientErrorCode =
  /** A URL, option or identifier that the application passed cannot be used. */
  | 'INVALID_OPTION'
  /** No usable protected resource metadata or authorization server metadata was found. */
  | 'DISCOVERY_FAILED'
  /** A metadata document names another issuer or resource than the expected one. */
  | 'METADATA_MISMATCH'
  /**
   * The metadata of the MCP server claims a resource that covers more than its URL, and the owner
   * of the origin may not have published it. The option `acceptedResource` allows it.
   */
  | 'RESOURCE_TOO_WIDE'
  /** The authorization server does not declare that it supports PKCE with S256. */
  | 'PKCE_NOT_SUPPORTED'
  /** `guardedFetch` refuses to connect to this address. Nothing was sent. */
  | 'EGRESS_REFUSED'
  /** The authorization server refused to register the client, or does not support registration. */
  | 'REGISTRATION_FAILED'
  /** No usable grant is stored. The user must sign in. */
  | 'SIGN_IN_REQUIRED'
  /** The sign-in was refused, canceled, or not finished in time. */
  | 'SIGN_IN_FAILED'
  /** The authorization response does not belong to a sign-in started here. */
  | 'AUTHORIZATION_RESPONSE_INVALID'
  /**
   * The authorization server refused a code exchange, or it refused the first refresh after a sign-in
   * that followed the same refusal. The message has the server's words.
   */
  | 'TOKEN_REQUEST_REFUSED'
  /** A token response does not follow RFC 6749 §5.1. */
  | 'TOKEN_RESPONSE_INVALID'
  /** A server gave no usable answer. The grant is kept, and the same call can succeed later. */
  | 'TEMPORARILY_UNAVAILABLE'
  /**
   * The store could not save. After a refresh the tokens are kept in memory and saved later, and
   * after a sign-in they are revoked. If the store fails earlier, nothing is sent.
   */
  | 'TOKEN_STORE_WRITE_FAILED'
  /**
   * The store cannot be read or locked, or another user could have prepared its folder or key.
   * Nothing was sent.
   */
  | 'TOKEN_STORE_UNAVAILABLE'
  /** A stored record is damaged, of a later version, or encrypted with another key. */
  | 'RECORD_UNREADABLE'
  /** The resource still refuses or redirects, although the token is new or the scope was granted. */
  | 'RESOURCE_REFUSED'
  /** The receiver of a webhook did not accept a notice. The notice is kept and delivered again. */
  | 'WEBHOOK_FAILED'
  /** A request that claims to be a webhook has no valid signature, time or message. */
  | 'WEBHOOK_INVALID'

/** Why the user must sign in, with `SIGN_IN_REQUIRED`. */
export type SignInReason =
  /** No sign-in is stored. */
  | 'never-signed-in'
  /** The user signed out. */
  | 'signed-out'
  /** The authorization server ended the grant: it expired or was revoked. */
  | 'grant-ended'
  /** The authorization server refused a refresh for another reason. The message has its words. */
  | 'refresh-refused'
  /** The response to a refresh was lost, and the server accepts no superseded refresh token. */
  | 'lost-response'
  /** The authorization server no longer knows this client. */
  | 'registration-ended'
  /** The access token has expired, and the authorization server issued no refresh token. */
  | 'no-refresh-token'
  /** The operation requires scopes that were not granted yet. */
  | 'wider-scope-needed'
  /** The resource names another authorization server than the one that issued the tokens. */
  | 'authorization-server-changed'
  /** The metadata of the MCP server names another `resource` than the tokens were issued for. */
  | 'resource-changed'

/** Details of an error. */
export interface EvergrantClientErrorOptions {
  /** The underlying error. It must not contain a token, code, verifier or secret. */
  readonly cause?: unknown
  /** RFC 6749 §5.2 `error`, if the authorization server sent one. */
  readonly oauthError?: string | undefined
  /** The sentence that the authorization server sent with the error, cleaned and truncated. */
  readonly oauthErrorDescription?: string | undefined
  /** When a retry can succeed, in seconds from now. */
  readonly retryAfterSeconds?: number | undefined
  /** With `SIGN_IN_REQUIRED`: why. */
  readonly signInReason?: SignInReason | undefined
  /** The scope that the sign-in must bring, space-separated, if the resource named one. */
  readonly requiredScope?: string | undefined
  /** Where the user signs in, for sign-ins that continue in a later request. */
  readonly authorizationUrl?: string | undefined
}

const brand: symbol = Symbol.for('evergrant.EvergrantClientError')

/**
 * The error class of this package. `code` says what happened, and `message` what to do next.
 *
 * Neither `message` nor `cause` contains a token, a code, a verifier or a secret.
 */
export class EvergrantClientError extends Error {
  override readonly name = 'EvergrantClientError'
  readonly code: EvergrantClientErrorCode
  /** RFC 6749 §5.2 `error`, if the authorization server sent one. */
  readonly oauthError: string | undefined
  /** The sentence that the authorization server sent with the error. Show it as the server's text. */
  readonly oauthErrorDescription: string | undefined
  /** When a retry can succeed, in seconds from now. */
  readonly retryAfterSeconds: number | undefined
  /** With `SIGN_IN_REQUIRED`: why the user must sign in. */
  readonly signInReason: SignInReason | undefined
  /** With `SIGN_IN_REQUIRED`: the scope to sign in for, if the resource named one. */
  readonly requiredScope: string | undefined
  /** With `SIGN_IN_REQUIRED` in the redirect form: where to send the user. */
  readonly authorizationUrl: string | undefined

  constructor(
    code: EvergrantClientErrorCode,
    message: string,
    options: EvergrantClientErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.oauthError = options.oauthError
    this.oauthErrorDescription = options.oauthErrorDescription
    this.retryAfterSeconds = options.retryAfterSeconds
    this.signInReason = options.signInReason
    this.requiredScope = options.requiredScope
    this.authorizationUrl = options.authorizationUrl
    Object.defineProperty(this, brand, { value: true })
  }

  /** Recognizes the error, also from another installed copy of this package. */
  static is(value: unknown): value is EvergrantClientError {
    return typeof value === 'object' && value !== null && brand in value
  }
}

/** The same error with a longer message. */
export function withNote(error: EvergrantClientError, note: string): EvergrantClientError {
  return new EvergrantClientError(error.code, `${error.message} ${note}`, error)
}

/** Quotes the code and the sentence of a server's error for a message; empty if there are neither. */
export function quoteWords(error: string | undefined, description: string | undefined): string {
  const words = [error, description].filter((word) => word !== undefined)
  return words.map((word) => quote(word, 300)).join(': ')
}

/**
 * Quotes text from a server or a user for a message: invisible characters are escaped, and long
 * text is cut.
 */
export function quote(text: string, maximumLength = 200): string {
  const shown = text.length > maximumLength ? `${text.slice(0, maximumLength)}…` : text
  return showRemote(shown, Number.POSITIVE_INFINITY)
}
