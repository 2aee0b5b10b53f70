/**
 * The MCP server of `mcp-server-node.ts`, which accepts only tokens that are bound to a key (DPoP).
 *
 *     node apps/samples/src/mcp-server-dpop.ts http://127.0.0.1:9400 3000
 */
// #region program
import { createServer } from 'node:http'
import process from 'node:process'
import { createResourceServer } from '@evergrant/resource-server'
import { protect } from '@evergrant/resource-server/fetch'
import { createNodeListener } from '@evergrant/resource-server/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'

const [authorizationServer = 'http://127.0.0.1:9400', port = '3000'] = process.argv.slice(2)
const resource = `http://127.0.0.1:${port}/mcp`

const resourceServer = createResourceServer(resource, [authorizationServer], {
  scopesSupported: ['mcp:read'],
  dpop: { isRequired: true }, // With `{}`, bearer tokens are accepted too.
})

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: 'greetings', version: '1.0.0' })
  server.registerTool('hello', { description: 'Says hello' }, () => ({
    content: [{ type: 'text', text: 'Hello!' }],
  }))
  return server
})

const endpoint = protect(resourceServer, (request) => mcp.fetch(request), { scopes: ['mcp:read'] })

createServer(
  { headersTimeout: 10_000, requestTimeout: 30_000 },
  createNodeListener(endpoint, { maximumBodyBytes: 262_144 }),
).listen(Number(port), '127.0.0.1', () => process.stdout.write(`MCP server: ${resource}\n`))
// #endregion program
