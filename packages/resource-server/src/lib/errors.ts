/**
 * What is wrong with the configuration of a protected resource, or with reaching its authorization
 * server. Codes are API: adding one is a minor change, renaming one is a major change.
 */
export type ResourceServerErrorCode =
  /** `offline_access` is configured where only scopes of the resource are allowed (SEP-2207). */
  | 'OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE'
  /** The resource identifier is not an absolute `https` URL (or loopback `http`), or has a fragment. */
  | 'RESOURCE_INVALID'
  /** No authorization server is named. RFC 9728 metadata for MCP requires at least one. */
  | 'AUTHORIZATION_SERVER_MISSING'
  /** An issuer or `jwks_uri` is not an `https` URL (or loopback `http`), or is named twice. */
  | 'AUTHORIZATION_SERVER_INVALID'
  /** A configured scope violates the grammar of RFC 6749 §3.3. */
  | 'SCOPE_INVALID'
  /** Scope implications form a cycle, so all of its scopes would mean the same. */
  | 'SCOPE_HIERARCHY_CYCLE'
  /** A symmetric algorithm or `none` is configured for access tokens. */
  | 'ALGORITHM_NOT_ALLOWED'
  /** An option has a value outside its range. */
  | 'OPTION_INVALID'
  /** `accessTokenOf` was called for a request that no middleware has authorized. */
  | 'ACCESS_NOT_DECIDED'
  /**
   * The authorization server's keys cannot be fetched, or not yet again. This says nothing about the
   * token.
   */
  | 'KEYS_UNAVAILABLE'
  /** A token cannot be introspected at the moment. This says nothing about the token. */
  | 'INTROSPECTION_UNAVAILABLE'
  /** A function of the options threw or rejected. This says nothing about the token. */
  | 'OPTION_FAILED'

/** Options of {@link ResourceServerError}. */
export interface ResourceServerErrorOptions {
  /** The original error. It must not contain a token. */
  readonly cause?: unknown
  /** With `KEYS_UNAVAILABLE` and `INTROSPECTION_UNAVAILABLE`: when to try again. */
  readonly retryAfterSeconds?: number
}

const brand: symbol = Symbol.for('evergrant.ResourceServerError')

/** The error class of this package. A refused request is a decision, not an error. */
export class ResourceServerError extends Error {
  override readonly name = 'ResourceServerError'
  readonly code: ResourceServerErrorCode
  /** With `KEYS_UNAVAILABLE` and `INTROSPECTION_UNAVAILABLE`: when to try again. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: ResourceServerErrorCode,
    message: string,
    options: ResourceServerErrorOptions = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.code = code
    this.retryAfterSeconds = options.retryAfterSeconds
    Object.defineProperty(this, brand, { value: true })
  }

  /** Recognizes the error by its brand, so that two installed copies of this package agree. */
  static is(value: unknown): value is ResourceServerError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
