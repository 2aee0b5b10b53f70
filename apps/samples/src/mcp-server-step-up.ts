/**
 * A complete MCP server whose tools require different scopes.
 *
 *     node apps/samples/src/mcp-server-step-up.ts http://127.0.0.1:9400 3000
 */
// #region program
import { createServer } from 'node:http'
import process from 'node:process'
import { createResourceServer } from '@evergrant/resource-server'
import { protect } from '@evergrant/resource-server/fetch'
import { createNodeListener } from '@evergrant/resource-server/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import * as z from 'zod'

const [authorizationServer = 'http://127.0.0.1:9400', port = '3000'] = process.argv.slice(2)
const resource = `http://127.0.0.1:${port}/mcp`
let greeting = 'Hello!'

const resourceServer = createResourceServer(resource, [authorizationServer], {
  scopesSupported: ['mcp:read'], // the first challenge: enough to connect
  scopeImplications: { 'mcp:write': ['mcp:read'] }, // a client that may write may also read
})

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: 'greetings', version: '1.0.0' })
  server.registerTool('hello', { description: 'Says hello' }, () => ({
    content: [{ type: 'text', text: greeting }],
  }))
  server.registerTool(
    'teach',
    { description: 'Learns a greeting', inputSchema: z.object({ greeting: z.string() }) },
    (input) => {
      greeting = input.greeting
      return { content: [{ type: 'text', text: `Learned ${greeting}` }] }
    },
  )
  return server
})

const toolCall = z.object({
  method: z.literal('tools/call'),
  params: z.object({ name: z.string() }),
})

/** All scopes that each tool requires, so that one challenge can name all of them. */
const toolScopes = new Map([['teach', ['mcp:read', 'mcp:write']]])

/** The scopes of a JSON-RPC message. A batch, which older clients may send, requires those of all. */
export function requiredScopes(message: unknown): readonly string[] {
  const messages: readonly unknown[] = Array.isArray(message) ? message : [message]
  const all = messages.flatMap((one) => {
    const { data } = toolCall.safeParse(one)
    return toolScopes.get(data?.params.name ?? '') ?? ['mcp:read']
  })
  return [...new Set(all)]
}

// Called only for a request with a valid token. A clone leaves the body to the handler.
async function scopes(request: Request): Promise<readonly string[]> {
  const text = await request.clone().text()
  try {
    return requiredScopes(JSON.parse(text))
  } catch {
    return ['mcp:read'] // The MCP handler answers what is not JSON.
  }
}

const endpoint = protect(resourceServer, (request) => mcp.fetch(request), { scopes })

createServer(
  { headersTimeout: 10_000, requestTimeout: 30_000 },
  createNodeListener(endpoint, { maximumBodyBytes: 262_144 }),
).listen(Number(port), '127.0.0.1', () => process.stdout.write(`MCP server: ${resource}\n`))
// #endregion program
