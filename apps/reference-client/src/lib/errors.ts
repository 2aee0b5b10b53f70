/** What this program itself can say went wrong; the packages beneath have codes of their own. */
export type CliErrorCode =
  /** An argument or environment variable cannot be used as given. */
  | 'USAGE'
  /** The folder for the program's state cannot be used, or another user could have prepared it. */
  | 'HOME_UNUSABLE'
  /** The key that the store was begun with is not there, or is another one. */
  | 'STORE_KEY_UNAVAILABLE'
  /** The MCP server gave no answer. */
  | 'SERVER_UNREACHABLE'
  /** The MCP server answered with an error. */
  | 'MCP_REQUEST_FAILED'

const brand: symbol = Symbol.for('evergrant.CliError')

/** The one error class of this program. Its messages hold no token and no secret. */
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
