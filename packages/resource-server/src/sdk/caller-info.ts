import type { ResourceServer } from '../access/resource-server.ts'
import type { VerifiedAccessToken } from '../token/verification.ts'

/** The caller of a request, in the shape that both MCP SDKs call `AuthInfo`. */
export interface CallerInfo {
  /** Always empty: no handler can pass the token on. */
  readonly token: ''
  /** Empty if the token names no client. */
  clientId: string
  /** The granted scopes and those they imply, because the SDKs compare scopes exactly (S-14). */
  scopes: string[]
  expiresAt: number
  /** The resource identifier of this server, for the option `expectedResource` of the SDKs. */
  resource: URL
  /** The URL that challenges name. SDK 2.x uses it for challenges of single tools. */
  resourceMetadataUrl: string
  extra: {
    issuer: string
    /** The user, or the client if it acts on its own behalf. */
    subject: string | undefined
    /** All claims of the token. */
    claims: Readonly<Record<string, unknown>>
  }
}

/** Describes the caller with a verified token, without the token. */
export function callerInfo(resourceServer: ResourceServer, token: VerifiedAccessToken): CallerInfo {
  return {
    token: '',
    clientId: token.clientId ?? '',
    scopes: [...resourceServer.scopes.expand(token.scopes)],
    // The SDKs refuse a token without an expiry. Introspection answered that it is active.
    expiresAt: token.expiresAtEpochSeconds ?? Number.MAX_SAFE_INTEGER,
    resource: new URL(resourceServer.resource),
    resourceMetadataUrl: resourceServer.metadataUrl,
    extra: { issuer: token.issuer, subject: token.subject, claims: token.claims },
  }
}
