/**
 * An MCP server on any web-standard runtime, protected by `@evergrant/resource-server`. The first
 * challenge asks for `mcp:read`, and a client steps up when it calls the tool that writes.
 */
import { createResourceServer } from '@evergrant/resource-server'
import { protect } from '@evergrant/resource-server/fetch'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import * as z from 'zod'

function buildServer(): McpServer {
  const server = new McpServer({ name: 'greetings', version: '1.0.0' })
  server.registerTool('hello', { description: 'Says hello' }, () => ({
    content: [{ type: 'text', text: 'Hello!' }],
  }))
  server.registerTool(
    'teach',
    { description: 'Learns a greeting', inputSchema: z.object({ greeting: z.string() }) },
    ({ greeting }) => ({ content: [{ type: 'text', text: `Learned ${greeting}` }] }),
  )
  return server
}

export function createGreetingsEndpoint(
  resource: string,
  authorizationServer: string,
): (request: Request) => Promise<Response> {
  const resourceServer = createResourceServer(resource, [authorizationServer], {
    scopesSupported: ['mcp:read'],
    scopeImplications: { 'mcp:write': ['mcp:read'] },
  })
  const mcp = createMcpHandler(buildServer)

  // Also serves the metadata, and answers unauthorized requests with the right challenge.
  return protect(resourceServer, (request) => mcp.fetch(request), { scopes: scopesFor })
}

// #region scopes-for
async function scopesFor(request: Request): Promise<readonly string[]> {
  const body = await request.clone().text()
  const message = z
    .object({ method: z.literal('tools/call'), params: z.object({ name: z.literal('teach') }) })
    .safeParse(parseJson(body))
  return message.success ? ['mcp:write'] : ['mcp:read']
}
// #endregion scopes-for

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
