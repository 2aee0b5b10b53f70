export type McpServerErrorCode =
  /** An option cannot be used as given, or not together with another. */
  | 'OPTION_INVALID'
  /** The address cannot be listened on. */
  | 'LISTEN_FAILED'

const brand: symbol = Symbol.for('evergrant.McpServerError')

/** What this app throws while starting. Once it runs, requests get answers, not errors. */
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
