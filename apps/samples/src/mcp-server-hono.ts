/**
 * A complete MCP server on Hono, protected by `@evergrant/resource-server`.
 *
 *     node apps/samples/src/mcp-server-hono.ts http://127.0.0.1:9400 3000
 */
// #region program
import { createServer } from 'node:http'
import process from 'node:process'
import { createResourceServer } from '@evergrant/resource-server'
import { protect } from '@evergrant/resource-server/fetch'
import { createNodeListener } from '@evergrant/resource-server/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { Hono } from 'hono'

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
const guarded = protect(resourceServer, (request) => mcp.fetch(request), { scopes: ['mcp:read'] })

const app = new Hono()
app.get('/healthz', (context) => context.text('ok'))
// Answers preflights, challenges and the metadata too.
for (const path of ['/mcp', new URL(resourceServer.metadataUrl).pathname]) {
  app.all(path, (context) => guarded(context.req.raw))
}

// Reads all header lines, and limits what a client can send. On other runtimes, serve `app.fetch`.
createServer(
  { headersTimeout: 10_000, requestTimeout: 30_000 },
  createNodeListener((request) => app.fetch(request), { maximumBodyBytes: 262_144 }),
).listen(Number(port), '127.0.0.1', () => process.stdout.write(`MCP server: ${resource}\n`))
// #endregion program
