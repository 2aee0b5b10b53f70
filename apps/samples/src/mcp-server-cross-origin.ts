/**
 * An MCP server on Express that pages of one origin may call.
 *
 *     node apps/samples/src/mcp-server-cross-origin.ts http://127.0.0.1:9400 3000
 */
// #region program
import process from 'node:process'
import { createResourceServer } from '@evergrant/resource-server'
import { allowCrossOrigin } from '@evergrant/resource-server/express'
import { requireAccess, serveMetadata } from '@evergrant/resource-server/sdk-v2'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import express from 'express'

const [authorizationServer = 'http://127.0.0.1:9400', port = '3000'] = process.argv.slice(2)
const resource = `http://127.0.0.1:${port}/mcp`

const resourceServer = createResourceServer(resource, [authorizationServer], {
  scopesSupported: ['mcp:read'],
  allowedOrigins: ['https://inspector.example.com'],
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
// Before all routes. Answers preflights, and lets the page read challenges.
app.use(allowCrossOrigin(resourceServer))
app.use(serveMetadata(resourceServer))
app.post(
  '/mcp',
  requireAccess(resourceServer, { scopes: ['mcp:read'] }),
  express.json({ limit: '256kb' }),
  (request, response) => serveMcp(request, response, request.body),
)
app.listen(Number(port), '127.0.0.1', () => process.stdout.write(`MCP server: ${resource}\n`))
// #endregion program
