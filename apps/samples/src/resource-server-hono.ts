/** An MCP server on Hono, protected by `@evergrant/resource-server`. */
import { createResourceServer } from '@evergrant/resource-server'
import { protect } from '@evergrant/resource-server/fetch'
import { authInfoOf } from '@evergrant/resource-server/sdk-v2'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { Hono } from 'hono'
import { buildFilesServer } from './files-mcp-server.ts'
import { requiredScopes } from './files-scopes.ts'

export function createFilesApp(resource: string, authorizationServer: string): Hono {
  const resourceServer = createResourceServer(resource, [authorizationServer], {
    scopesSupported: ['files:read'],
    scopeImplications: { 'files:write': ['files:read'] },
  })
  const mcp = createMcpHandler(buildFilesServer)
  // #region hono
  const guarded = protect(
    resourceServer,
    (request, token) => mcp.fetch(request, { authInfo: authInfoOf(resourceServer, token) }),
    // Runs only for a request with a valid token. A clone leaves the body to the handler.
    { scopes: async (request) => requiredScopes(parseJson(await request.clone().text())) },
  )

  const app = new Hono()
  app.get('/healthz', (context) => context.text('ok'))
  // Answers preflights, challenges and the metadata too.
  for (const path of ['/mcp', new URL(resourceServer.metadataUrl).pathname]) {
    app.all(path, (context) => guarded(context.req.raw))
  }
  return app
  // #endregion hono
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // No tool call. The MCP handler answers it with an error.
    return undefined
  }
}
