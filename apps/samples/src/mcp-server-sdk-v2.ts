/**
 * A complete MCP server with SDK 2.x on Express, protected by `@evergrant/resource-server`.
 *
 *     node apps/samples/src/mcp-server-sdk-v2.ts http://127.0.0.1:9400 3000
 */
// #region program
import process from 'node:process'
import { createResourceServer } from '@evergrant/resource-server'
import { requireAccess, serveMetadata } from '@evergrant/resource-server/sdk-v2'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import express from 'express'

const [authorizationServer = 'http://127.0.0.1:9400', port = '3000'] = process.argv.slice(2)
const resource = `http://127.0.0.1:${port}/mcp`

// Names the authorization server in the metadata, and verifies its tokens.
const resourceServer = createResourceServer(resource, [authorizationServer], {
  scopesSupported: ['mcp:read'],
})

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: 'greetings', version: '1.0.0' })
  server.registerTool('hello', { description: 'Says hello' }, () => ({
    content: [{ type: 'text', text: 'Hello!' }],
  }))
  return server
})
const serveMcp = toNodeHandler(mcp)

const app = express()
app.use(serveMetadata(resourceServer))
app.post(
  '/mcp',
  // Before the body is read. Answers a request without a valid token with the right challenge.
  requireAccess(resourceServer, { scopes: ['mcp:read'] }),
  express.json({ limit: '256kb' }),
  (request, response) => serveMcp(request, response, request.body),
)
app.listen(Number(port), '127.0.0.1', () => process.stdout.write(`MCP server: ${resource}\n`))
// #endregion program
