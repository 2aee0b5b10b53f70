/** Why a connection was refused, as a stable code. */
export type EgressErrorCode =
  /** The host is, or resolves to, an address that is not allowed. */
  | 'ADDRESS_NOT_ALLOWED'
  /** The URL is not https, and plain http is not allowed. */
  | 'HTTPS_REQUIRED'

const brand: symbol = Symbol.for('evergrant.EgressError')

/**
 * A connection that {@link guardedFetch} refused. The message names the host, why it
 * was refused and which option allows it; it does not name the address that the host resolves to.
 */
export class EgressError extends Error {
  override readonly name = 'EgressError'
  readonly code: EgressErrorCode

  constructor(code: EgressErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  /** Recognizes the error, also from another installed copy of this package. */
  static is(value: unknown): value is EgressError {
    return isEgressError(value)
  }
}

/** The same without the class, which few programs need. */
export function isEgressError(value: unknown): value is EgressError {
  return typeof value === 'object' && value !== null && brand in value
}
