export type McpServerErrorCode =
  /** An option cannot be used as given, or conflicts with another option. */
  | 'OPTION_INVALID'
  /** The server cannot listen on the address. */
  | 'LISTEN_FAILED'

const brand: symbol = Symbol.for('evergrant.McpServerError')

/** Thrown while the server starts. A running server answers requests and does not throw. */
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
