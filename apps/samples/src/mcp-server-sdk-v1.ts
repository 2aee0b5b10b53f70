/**
 * A complete MCP server with SDK 1.x on Express, protected by `@evergrant/resource-server`.
 *
 *     node apps/samples/src/mcp-server-sdk-v1.ts http://127.0.0.1:9400 3000
 */
// #region program
import process from 'node:process'
import { createResourceServer } from '@evergrant/resource-server'
import { requireAccess, serveMetadata } from '@evergrant/resource-server/sdk-v1'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express from 'express'

const [authorizationServer = 'http://127.0.0.1:9400', port = '3000'] = process.argv.slice(2)
const resource = `http://127.0.0.1:${port}/mcp`

// Names the authorization server in the metadata, and verifies its tokens.
const resourceServer = createResourceServer(resource, [authorizationServer], {
  scopesSupported: ['mcp:read'],
})

function buildServer(): McpServer {
  const server = new McpServer({ name: 'greetings', version: '1.0.0' })
  server.registerTool('hello', { description: 'Says hello' }, () => ({
    content: [{ type: 'text', text: 'Hello!' }],
  }))
  return server
}

const app = express()
app.use(serveMetadata(resourceServer))
app.post(
  '/mcp',
  // Before the body is read. Answers a request without a valid token with the right challenge.
  requireAccess(resourceServer, { scopes: ['mcp:read'] }),
  express.json({ limit: '256kb' }),
  async (request, response) => {
    const server = buildServer()
    // Stateless: no sessionIdGenerator.
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
    response.on('close', () => void server.close())
    await server.connect(transport)
    await transport.handleRequest(request, response, request.body)
  },
)
app.listen(Number(port), '127.0.0.1', () => process.stdout.write(`MCP server: ${resource}\n`))
// #endregion program
