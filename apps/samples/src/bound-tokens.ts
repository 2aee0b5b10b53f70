/** A resource server that accepts tokens that are bound to a key of the client (DPoP). */
// #region guard
import { createResourceServer } from '@evergrant/resource-server'
import type { ResourceServer } from '@evergrant/resource-server'

export function createGuard(resource: string, issuer: string): ResourceServer {
  return createResourceServer(resource, [issuer], { dpop: {} })
}
// #endregion guard
