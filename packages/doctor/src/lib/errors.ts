/** What is wrong with an argument of this package. Codes are stable. */
export type DoctorErrorCode =
  /** The URL of the MCP server or of the authorization server cannot be used. */
  | 'URL_INVALID'
  /** A recording is not JSON, has another version, or lacks a member. */
  | 'RECORDING_INVALID'
  /** A report that was given as the baseline is not a report of this version. */
  | 'BASELINE_INVALID'

const brand: symbol = Symbol.for('evergrant.DoctorError')

/**
 * The error class of this package. A fault of a server is a finding in the report, not an error.
 * Messages contain no token or secret.
 */
export class DoctorError extends Error {
  override readonly name = 'DoctorError'
  readonly code: DoctorErrorCode

  constructor(code: DoctorErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  /** Recognizes the error by its brand, so that two installed copies of this package agree. */
  static is(value: unknown): value is DoctorError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
