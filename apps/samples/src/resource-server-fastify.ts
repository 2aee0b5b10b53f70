/** An MCP server on Fastify, protected by `@evergrant/resource-server`. */
import { createResourceServer, refusalReply } from '@evergrant/resource-server'
import type { AccessRefused, VerifiedAccessToken } from '@evergrant/resource-server'
import { metadataResponse } from '@evergrant/resource-server/fetch'
import { authInfoOf } from '@evergrant/resource-server/sdk-v2'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { fastify } from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { buildFilesServer } from './files-mcp-server.ts'
import { requiredScopes } from './files-scopes.ts'

export function createFilesApp(resource: string, authorizationServer: string): FastifyInstance {
  const resourceServer = createResourceServer(resource, [authorizationServer], {
    scopesSupported: ['files:read'],
    scopeImplications: { 'files:write': ['files:read'] },
  })
  const serveMcp = toNodeHandler(createMcpHandler(buildFilesServer))
  const app = fastify()
  // #region fastify
  const tokens = new WeakMap<FastifyRequest, VerifiedAccessToken>()

  app.all(new URL(resourceServer.metadataUrl).pathname, (request, reply) => {
    const { method, originalUrl } = request
    const url = new URL(originalUrl, resourceServer.resource)
    return reply.send(metadataResponse(resourceServer, new Request(url, { method })))
  })

  app.post('/mcp', {
    // Verifies the token before Fastify reads the body.
    async onRequest(request, reply) {
      const { method, originalUrl: url } = request
      // All lines. `request.headers` contains only the first one.
      const { authorization, dpop } = request.raw.headersDistinct
      const decision = await resourceServer.authenticate({ authorization, dpop, method, url })
      if (!decision.authenticated) return refuse(reply, decision.refusal)
      tokens.set(request, decision.token)
      return undefined
    },
    async handler(request, reply) {
      const token = tokens.get(request)
      if (token === undefined) throw new Error('expected a verified token')
      const decision = resourceServer.decideScopes(token, requiredScopes(request.body))
      if (!decision.allowed) return refuse(reply, decision)
      const { method, originalUrl: url } = request
      const auth = authInfoOf(resourceServer, token)
      reply.hijack()
      await serveMcp(Object.assign(request.raw, { method, url, auth }), reply.raw, request.body)
      return undefined
    },
  })
  // #endregion fastify
  return app
}

// #region refuse
function refuse(reply: FastifyReply, refusal: AccessRefused): FastifyReply {
  const { status, headers, body } = refusalReply(refusal)
  return reply.code(status).headers(headers).send(body)
}
// #endregion refuse
