/** Why the authorization server cannot start, or a command cannot finish. */
export type ReferenceServerErrorCode =
  /** An option has a value that cannot work. */
  | 'OPTION_INVALID'
  /** `--demo` approves automatically, so it may only be reachable from this machine. */
  | 'DEMO_NOT_ON_LOOPBACK'
  /** The database cannot be opened or written, or was written by a later version. */
  | 'STORE_UNAVAILABLE'
  /** The port is taken, or the address does not belong to this machine. */
  | 'LISTEN_FAILED'
  /** An account with that name exists already. */
  | 'ACCOUNT_EXISTS'
  /** There is no account with that name. */
  | 'ACCOUNT_UNKNOWN'
  /** The password prompt was closed without a password. */
  | 'PASSWORD_NOT_GIVEN'

const brand: symbol = Symbol.for('evergrant.ReferenceServerError')

/** The error class of this app. */
export class ReferenceServerError extends Error {
  override readonly name = 'ReferenceServerError'
  readonly code: ReferenceServerErrorCode

  constructor(
    code: ReferenceServerErrorCode,
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  static is(value: unknown): value is ReferenceServerError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
