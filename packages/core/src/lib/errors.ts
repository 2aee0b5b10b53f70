/**
 * What is wrong with a document, a response or an argument.
 *
 * Codes are API: adding one is a minor change, renaming one is a major change.
 */
export type ProtocolErrorCode =
  /** The authorization server or protected resource metadata cannot be used. */
  | 'METADATA_INVALID'
  /** The metadata's `issuer` is not the identifier its URL was built from (RFC 8414 §3.3). */
  | 'ISSUER_MISMATCH'
  /** The metadata's `resource` does not match the URL of the MCP server (RFC 9728 §3.3). */
  | 'RESOURCE_MISMATCH'
  /**
   * The metadata's `resource` covers more than the MCP server's URL, and the document is not at the
   * origin's own well-known URI.
   */
  | 'RESOURCE_TOO_WIDE'
  /** A URL cannot be parsed, or contains a part or character that is not allowed. */
  | 'URL_INVALID'
  /** An endpoint is neither `https` nor on a loopback host. */
  | 'ENDPOINT_NOT_SECURE'
  /** A scope value violates the grammar of RFC 6749 §3.3. */
  | 'SCOPE_INVALID'
  /** A challenge cannot be formatted as a `WWW-Authenticate` value. */
  | 'CHALLENGE_INVALID'
  /** Client metadata, or a Client ID Metadata Document, is not acceptable. */
  | 'CLIENT_METADATA_INVALID'
  /** A registration response lacks what RFC 7591 §3.2.1 requires. */
  | 'REGISTRATION_RESPONSE_INVALID'
  /** A token response lacks what RFC 6749 §5.1 requires. */
  | 'TOKEN_RESPONSE_INVALID'
  /** A device authorization response lacks what RFC 8628 §3.2 requires, or names an unsafe page. */
  | 'DEVICE_AUTHORIZATION_INVALID'

/** Options of {@link ProtocolError}. */
export interface ProtocolErrorOptions {
  /** The original error. It must not contain a token, code or secret. */
  readonly cause?: unknown
}

const brand: symbol = Symbol.for('evergrant.ProtocolError')

/** Thrown by the parsers and builders of this package. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ProtocolErrorCode

  constructor(code: ProtocolErrorCode, message: string, options: ProtocolErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  /** Recognizes the error by its brand, so that two installed copies of this package agree. */
  static is(value: unknown): value is ProtocolError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
