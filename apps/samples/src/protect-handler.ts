/** A web-standard handler, protected by `@evergrant/resource-server`: Deno, Bun, Workers, Hono, Node.js. */
// #region module
import { createResourceServer } from '@evergrant/resource-server'
import { protect } from '@evergrant/resource-server/fetch'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'

export function createEndpoint(
  resource: string,
  authorizationServer: string,
): (request: Request) => Promise<Response> {
  const resourceServer = createResourceServer(resource, [authorizationServer], {
    scopesSupported: ['mcp:read'],
  })
  const mcp = createMcpHandler(() => new McpServer({ name: 'empty', version: '1.0.0' }))
  // Also serves the metadata, and answers requests without a valid token with the right challenge.
  return protect(resourceServer, (request) => mcp.fetch(request), { scopes: ['mcp:read'] })
}
// #endregion module
