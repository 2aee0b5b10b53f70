/** A resource server that accepts opaque tokens, which only the authorization server can read. */
// #region guard
import { createResourceServer } from '@evergrant/resource-server'
import type { ResourceServer } from '@evergrant/resource-server'

/** @param clientSecret - Of the client `mcp-server`, as which this server asks about tokens. */
export function createGuard(
  resource: string,
  issuer: string,
  clientSecret: string,
): ResourceServer {
  return createResourceServer(resource, [
    { issuer, introspection: { clientId: 'mcp-server', clientSecret, cacheSeconds: 30 } },
  ])
}
// #endregion guard
