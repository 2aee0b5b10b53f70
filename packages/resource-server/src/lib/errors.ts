/**
 * What can be wrong with the configuration of a protected resource, or with reaching its
 * authorization server. Codes are API: a new one is a minor change, a renamed one a major change.
 */
export type ResourceServerErrorCode =
  /** `offline_access` was configured where only scopes of the resource belong (SEP-2207). */
  | 'OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE'
  /** The resource identifier is no absolute `https` URL (or loopback `http`), or has a fragment. */
  | 'RESOURCE_INVALID'
  /** No authorization server was named; RFC 9728 metadata for MCP needs at least one. */
  | 'AUTHORIZATION_SERVER_MISSING'
  /** An issuer or `jwks_uri` is no `https` URL (or loopback `http`), or is named twice. */
  | 'AUTHORIZATION_SERVER_INVALID'
  /** A configured scope is outside the grammar of RFC 6749 §3.3. */
  | 'SCOPE_INVALID'
  /** Scope implications go round in a circle, so that the scopes would all mean the same. */
  | 'SCOPE_HIERARCHY_CYCLE'
  /** A symmetric algorithm or `none` was allowed for access tokens. */
  | 'ALGORITHM_NOT_ALLOWED'
  /** An option has a value outside its range. */
  | 'OPTION_INVALID'
  /** The token of a request was asked for that no middleware had decided on. */
  | 'ACCESS_NOT_DECIDED'
  /** The authorization server's keys cannot be fetched now. Says nothing about any token. */
  | 'KEYS_UNAVAILABLE'

/** Options of {@link ResourceServerError}. */
export interface ResourceServerErrorOptions {
  /** The error that led to this one. Never one that carries a token. */
  readonly cause?: unknown
}

const brand: symbol = Symbol.for('evergrant.ResourceServerError')

/** The one error class of this package. What a request does wrong is a decision, not an error. */
export class ResourceServerError extends Error {
  override readonly name = 'ResourceServerError'
  readonly code: ResourceServerErrorCode

  constructor(
    code: ResourceServerErrorCode,
    message: string,
    options: ResourceServerErrorOptions = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  /** Recognises the error by its brand, so two installed copies of this package still agree. */
  static is(value: unknown): value is ResourceServerError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
