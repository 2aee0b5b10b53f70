/** What can be wrong with how this package is set up. Outcomes of requests are values, not errors. */
export type AuthorizationServerErrorCode =
  /** The key for deriving successors has fewer than 32 bytes. */
  | 'SUCCESSOR_KEY_TOO_SHORT'
  /** A lifetime is not a positive number of whole seconds, or idle exceeds absolute. */
  | 'LIFETIME_INVALID'
  /** The installed oidc-provider no longer has the seam the binding needs. */
  | 'ENGINE_NOT_SUPPORTED'
  /** The guarded fetch refused a URL: scheme, credentials or address. */
  | 'FETCH_REFUSED'

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
