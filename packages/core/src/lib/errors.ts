/**
 * What can be wrong with a document, a response or an argument.
 *
 * Codes are API: a new one is a minor change, a renamed one a major change.
 */
export type ProtocolErrorCode =
  /** Authorization server or protected resource metadata that cannot be used as it is. */
  | 'METADATA_INVALID'
  /** The metadata's `issuer` is not the identifier its URL was built from (RFC 8414 §3.3). */
  | 'ISSUER_MISMATCH'
  /** The metadata's `resource` does not name the MCP server it was asked for (RFC 9728 §3.3). */
  | 'RESOURCE_MISMATCH'
  /**
   * The metadata's `resource` covers more than the MCP server's URL, and the document does not lie
   * where only the owner of the whole origin can put one.
   */
  | 'RESOURCE_TOO_WIDE'
  /** A URL that cannot be parsed, or has a part or character it must not have. */
  | 'URL_INVALID'
  /** An endpoint that is neither `https` nor on a loopback host. */
  | 'ENDPOINT_NOT_SECURE'
  /** A scope value outside the grammar of RFC 6749 §3.3. */
  | 'SCOPE_INVALID'
  /** A challenge that cannot be written as a `WWW-Authenticate` value. */
  | 'CHALLENGE_INVALID'
  /** Client metadata, or a Client ID Metadata Document, that no server should accept. */
  | 'CLIENT_METADATA_INVALID'
  /** A registration response without what RFC 7591 §3.2.1 requires. */
  | 'REGISTRATION_RESPONSE_INVALID'
  /** A token response without what RFC 6749 §5.1 requires. */
  | 'TOKEN_RESPONSE_INVALID'

/** Options of {@link ProtocolError}. */
export interface ProtocolErrorOptions {
  /** The error that led to this one. Never one that carries a token, code or secret. */
  readonly cause?: unknown
}

const brand: symbol = Symbol.for('evergrant.ProtocolError')

/** Thrown by the parsers and builders of this package, and by nothing else in it. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ProtocolErrorCode

  constructor(code: ProtocolErrorCode, message: string, options: ProtocolErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  /** Recognises the error by its brand, so two installed copies of this package still agree. */
  static is(value: unknown): value is ProtocolError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
