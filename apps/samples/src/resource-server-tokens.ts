/** Which tokens a resource server accepts: opaque ones, bound ones, and none that were revoked. */
import { createResourceServer } from '@evergrant/resource-server'
import type { ResourceServer } from '@evergrant/resource-server'

export function acceptOpaqueTokens(
  resource: string,
  issuer: string,
  clientSecret: string,
): ResourceServer {
  // #region introspection
  const resourceServer = createResourceServer(resource, [
    { issuer, introspection: { clientId: 'mcp-server', clientSecret, cacheSeconds: 30 } },
  ])
  // #endregion introspection
  return resourceServer
}

export function acceptBoundTokens(resource: string, issuer: string): ResourceServer {
  // #region dpop
  const resourceServer = createResourceServer(resource, [issuer], { dpop: {} })
  // #endregion dpop
  return resourceServer
}

/** Tokens that were revoked before their expiry. */
export interface DenyList {
  has(tokenId: unknown): Promise<boolean>
}

export function denyRevokedTokens(
  resource: string,
  issuer: string,
  denyList: DenyList,
): ResourceServer {
  // #region deny
  const resourceServer = createResourceServer(resource, [issuer], {
    isDenied: ({ claims }) => denyList.has(claims['jti']),
  })
  // #endregion deny
  return resourceServer
}
