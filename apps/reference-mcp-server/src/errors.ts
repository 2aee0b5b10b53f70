export type McpServerErrorCode =
  /** An option cannot be used as given, or conflicts with another option. */
  | 'OPTION_INVALID'
  /** The server cannot listen on the address. */
  | 'LISTEN_FAILED'
  /** The database cannot be opened. */
  | 'STORE_UNAVAILABLE'
  /** The database failed during a request. */
  | 'STORE_FAILED'

const brand: symbol = Symbol.for('evergrant.McpServerError')

/** Thrown while the server starts, except `STORE_FAILED`, which becomes the response to a request. */
export class McpServerError extends Error {
  override readonly name = 'McpServerError'
  readonly code: McpServerErrorCode

  constructor(code: McpServerErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  static is(value: unknown): value is McpServerError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
