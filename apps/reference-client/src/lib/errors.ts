/** Error codes of this program. The packages it uses have their own codes. */
export type CliErrorCode =
  /** An argument or environment variable cannot be used as given. */
  | 'USAGE'
  /** The folder for the program's state cannot be used, or another user could have prepared it. */
  | 'HOME_UNUSABLE'
  /** The key that the store was created with is missing, or a different key was found. */
  | 'STORE_KEY_UNAVAILABLE'
  /** The access token works only together with a key that this program keeps. */
  | 'TOKEN_BOUND'
  /** The configuration file of a host cannot be read or written. It was not changed. */
  | 'CONFIG_UNUSABLE'
  /** The MCP server did not answer. */
  | 'SERVER_UNREACHABLE'
  /** The MCP server answered with an error. */
  | 'MCP_REQUEST_FAILED'

const brand: symbol = Symbol.for('evergrant.CliError')

/** The error class of this program. Messages contain no token or secret. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode

  constructor(code: CliErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  static is(value: unknown): value is CliError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
