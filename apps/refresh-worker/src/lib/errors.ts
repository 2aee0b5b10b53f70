/** Error codes of this program. The packages it uses have their own codes. */
export type WorkerErrorCode =
  /** An option or environment variable cannot be used as given. */
  | 'OPTION_INVALID'
  /** A file that an option names cannot be read, or does not contain what the option requires. */
  | 'FILE_UNUSABLE'
  /** The PostgreSQL table does not exist, or an older version created it. */
  | 'TABLE_MISSING'
  /** The stored grants are encrypted with another key. */
  | 'KEY_MISMATCH'
  /** The database does not answer, or refuses the connection. */
  | 'STORE_UNAVAILABLE'
  /** The address for health and metrics cannot be used. */
  | 'LISTEN_FAILED'
  /** Refreshes in progress were not finished and saved in time. Other workers finish them. */
  | 'NOT_STOPPED'

const brand: symbol = Symbol.for('evergrant.WorkerError')

/** The error class of this program. Messages contain no token, key, password or secret. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError'
  readonly code: WorkerErrorCode

  constructor(code: WorkerErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  static is(value: unknown): value is WorkerError {
    return typeof value === 'object' && value !== null && brand in value
  }
}

/** Finds the first code of the system or of a database in the causes of an error. */
export function systemCodeOf(error: unknown): string | undefined {
  let next: unknown = error
  for (let depth = 0; depth < 8 && next instanceof Error; depth += 1) {
    const code: unknown = 'code' in next ? next.code : undefined
    // PostgreSQL: five characters. The system and clients: E…, such as ECONNREFUSED.
    if (typeof code === 'string' && /^(?:[\dA-Z]{5}|E[A-Z_]+)$/.test(code)) return code
    next = next instanceof AggregateError && next.cause === undefined ? next.errors[0] : next.cause
  }
  return undefined
}
