import type { TokenIntrospection } from '../introspection/options.ts'

/** An authorization server whose tokens are accepted. */
export interface TrustedAuthorizationServer {
  readonly issuer: string
  /** The URL of its keys. Default: `jwks_uri` of its metadata. */
  readonly jwksUri?: string
  /**
   * Asks this authorization server about tokens that are not JWTs, or about all tokens. Default: only JWTs
   * are accepted, and verified with its keys. Only one authorization server can have it, because the issuer
   * of an opaque token is unknown, and a token must not be sent to another server.
   */
  readonly introspection?: TokenIntrospection
}
