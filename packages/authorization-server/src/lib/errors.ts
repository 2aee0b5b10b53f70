/**
 * What can be wrong with the configuration of this package, and with what it fetches for a client.
 * Outcomes of token requests are values, not errors.
 */
export type AuthorizationServerErrorCode =
  /** The key for deriving successors has fewer than 32 bytes. */
  | 'SUCCESSOR_KEY_TOO_SHORT'
  /** An option has a value outside its range. */
  | 'OPTION_INVALID'
  /** A lifetime is not a positive number of whole seconds, or idle exceeds absolute. */
  | 'LIFETIME_INVALID'
  /** oidc-provider lacks a method the binding needs, or a wrapper hides calls from the adapter. */
  | 'ENGINE_NOT_SUPPORTED'
  /** The guarded fetch refused a URL: scheme, credentials or address. */
  | 'FETCH_REFUSED'
  /** The host of a client's document does not answer, and there is no copy. Can be temporary. */
  | 'CLIENT_DOCUMENT_UNAVAILABLE'
  /** The URL does not serve a valid document of this client. Its publisher must fix it. */
  | 'CLIENT_DOCUMENT_INVALID'

const brand: symbol = Symbol.for('evergrant.AuthorizationServerError')

/** The error class of this package. Recognize it with {@link AuthorizationServerError.is}. */
export class AuthorizationServerError extends Error {
  override readonly name = 'AuthorizationServerError'
  readonly code: AuthorizationServerErrorCode

  constructor(
    code: AuthorizationServerErrorCode,
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  /** True for errors of this package, including those of another installed copy. */
  static is(value: unknown): value is AuthorizationServerError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
