/**
 * MCP servers with SDK 2.x on Express. The first changes two lines of a server that already uses
 * `requireBearerAuth`. The second replaces that middleware, for all that it cannot do.
 */
import { createResourceServer } from '@evergrant/resource-server'
import type { ResourceServer } from '@evergrant/resource-server'
import { requireAccess, serveMetadata } from '@evergrant/resource-server/sdk-v2'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import express from 'express'
import type { Express } from 'express'
import { buildFilesServer } from './files-mcp-server.ts'
import { requiredScopes } from './files-scopes.ts'
import { createApp } from './two-lines-sdk-v2.ts'

/** With the middleware of the SDK. The scopes are fixed for the route. */
export function createFilesServer(resource: string, authorizationServer: string): Express {
  const resourceServer = guardOf(resource, authorizationServer)
  const serveMcp = toNodeHandler(createMcpHandler(buildFilesServer))
  return createApp(resourceServer, (request, response) => serveMcp(request, response, request.body))
}

/** With `requireAccess`. The scopes are computed from the message. */
export function createStepUpFilesServer(resource: string, authorizationServer: string): Express {
  const resourceServer = guardOf(resource, authorizationServer)
  const serveMcp = toNodeHandler(createMcpHandler(buildFilesServer))
  const app = express()
  app.use(serveMetadata(resourceServer))
  app.post(
    '/mcp',
    // Verifies the token before the body is read.
    requireAccess(resourceServer),
    express.json(),
    requireAccess(resourceServer, { scopes: (request) => requiredScopes(request.body) }),
    (request, response) => serveMcp(request, response, request.body),
  )
  return app
}

function guardOf(resource: string, authorizationServer: string): ResourceServer {
  return createResourceServer(resource, [authorizationServer], {
    scopesSupported: ['files:read'],
    scopeImplications: { 'files:write': ['files:read'] },
  })
}
