/**
 * A complete MCP server on Fastify, protected by `@evergrant/resource-server`.
 *
 *     node apps/samples/src/mcp-server-fastify.ts http://127.0.0.1:9400 3000
 */
// #region program
import process from 'node:process'
import { createResourceServer, refusalReply } from '@evergrant/resource-server'
import { metadataResponse } from '@evergrant/resource-server/fetch'
import { authInfoOf } from '@evergrant/resource-server/sdk-v2'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { fastify } from 'fastify'

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

const app = fastify({ bodyLimit: 262_144, requestTimeout: 30_000 })
app.all(new URL(resourceServer.metadataUrl).pathname, (request, reply) => {
  const url = new URL(request.originalUrl, resource)
  return reply.send(metadataResponse(resourceServer, new Request(url, { method: request.method })))
})
app.post('/mcp', {
  // Before Fastify reads the body. Answers a request without a valid token with the right challenge.
  async onRequest(request, reply) {
    const { method, originalUrl: url } = request
    // All lines. `request.headers` contains only the first one.
    const { authorization, dpop } = request.raw.headersDistinct
    const decision = await resourceServer.authorize({ authorization, dpop, method, url }, [
      'mcp:read',
    ])
    if (decision.allowed) {
      Object.assign(request.raw, { auth: authInfoOf(resourceServer, decision.token) })
      return
    }
    const { status, headers, body } = refusalReply(decision)
    await reply.code(status).headers(headers).send(body)
  },
  async handler(request, reply) {
    const { method, originalUrl: url } = request
    reply.hijack()
    await serveMcp(Object.assign(request.raw, { method, url }), reply.raw, request.body)
  },
})
await app.listen({ port: Number(port), host: '127.0.0.1' })
process.stdout.write(`MCP server: ${resource}\n`)
// #endregion program
