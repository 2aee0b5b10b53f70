/**
 * What can be wrong with how this package is set up, and with what is fetched for a client.
 * Outcomes of token requests are values, not errors.
 */
export type AuthorizationServerErrorCode =
  /** The key for deriving successors has fewer than 32 bytes. */
  | 'SUCCESSOR_KEY_TOO_SHORT'
  /** A lifetime is not a positive number of whole seconds, or idle exceeds absolute. */
  | 'LIFETIME_INVALID'
  /** oidc-provider lacks the seam the binding needs, or something keeps it from the adapter. */
  | 'ENGINE_NOT_SUPPORTED'
  /** The guarded fetch refused a URL: scheme, credentials or address. */
  | 'FETCH_REFUSED'
  /** The host of a client's document does not answer, and there is no copy. May pass. */
  | 'CLIENT_DOCUMENT_UNAVAILABLE'
  /** What is at the URL is not the document of this client. Its publisher has to mend it. */
  | 'CLIENT_DOCUMENT_INVALID'

const brand: symbol = Symbol.for('evergrant.AuthorizationServerError')

/** The one error class of this package; recognise it with {@link AuthorizationServerError.is}. */
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

  /** True for errors of this package, also from another installed copy of it. */
  static is(value: unknown): value is AuthorizationServerError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
