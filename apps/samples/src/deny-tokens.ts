/** A resource server that refuses tokens that were revoked before their expiry. */
// #region guard
import { createResourceServer } from '@evergrant/resource-server'
import type { ResourceServer } from '@evergrant/resource-server'

/** Tokens that were revoked before their expiry. */
export interface DenyList {
  has(tokenId: unknown): Promise<boolean>
}

export function createGuard(resource: string, issuer: string, denyList: DenyList): ResourceServer {
  return createResourceServer(resource, [issuer], {
    isDenied: ({ claims }) => denyList.has(claims['jti']),
  })
}
// #endregion guard
