import { startAuthorizationServer } from '@evergrant/reference-as'
import { startMcpServer } from '@evergrant/reference-mcp-server'

/**
 * Starts the two reference servers of the workspace, which the packed packages talk to.
 *
 * @param allowedOrigins - Origins whose pages may call the MCP server.
 */
export async function startReferenceServers(allowedOrigins: readonly string[] = []) {
  const as = await startAuthorizationServer({ demo: true })
  const server = await startMcpServer({ authorizationServer: as.issuer, allowedOrigins })
  return {
    as,
    server,
    async [Symbol.asyncDispose]() {
      await server.close()
      await as.close()
    },
  }
}
