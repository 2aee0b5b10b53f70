/**
 * MCP servers with SDK 1.x on Express. The first changes two lines of a server that already uses
 * `requireBearerAuth`. The second replaces that middleware, for all that it cannot do.
 */
import { createResourceServer } from '@evergrant/resource-server'
import type { ResourceServer } from '@evergrant/resource-server'
import { requireAccess, serveMetadata } from '@evergrant/resource-server/sdk-v1'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express from 'express'
import type { Express, Request, Response } from 'express'
import * as z from 'zod'
import { requiredScopes } from './files-scopes.ts'
import { createApp } from './two-lines-sdk-v1.ts'

/** With the middleware of the SDK. The scopes are fixed for the route. */
export function createFilesServer(resource: string, authorizationServer: string): Express {
  const resourceServer = guardOf(resource, authorizationServer)
  return createApp(resourceServer, serveMcp)
}

/** With `requireAccess`. The scopes are computed from the message. */
export function createStepUpFilesServer(resource: string, authorizationServer: string): Express {
  const resourceServer = guardOf(resource, authorizationServer)
  const app = express()
  app.use(serveMetadata(resourceServer))
  app.post(
    '/mcp',
    // Verifies the token before the body is read.
    requireAccess(resourceServer),
    express.json(),
    requireAccess(resourceServer, { scopes: (request) => requiredScopes(request.body) }),
    serveMcp,
  )
  return app
}

function guardOf(resource: string, authorizationServer: string): ResourceServer {
  return createResourceServer(resource, [authorizationServer], {
    scopesSupported: ['files:read'],
    scopeImplications: { 'files:write': ['files:read'] },
  })
}

async function serveMcp(request: Request, response: Response): Promise<void> {
  const server = buildServer()
  // Stateless: no sessionIdGenerator.
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
  response.on('close', () => void server.close())
  await server.connect(transport)
  await transport.handleRequest(request, response, request.body)
}

function buildServer(): McpServer {
  const server = new McpServer({ name: 'files', version: '1.0.0' })
  server.registerTool('list_files', { description: 'Lists your files' }, ({ authInfo }) => ({
    content: [
      { type: 'text', text: `Files of ${String(authInfo?.extra?.['subject'])}: hello.txt` },
    ],
  }))
  server.registerTool(
    'replace_file',
    {
      description: 'Replaces a file, and returns its old content',
      inputSchema: { text: z.string() },
    },
    ({ text }) => ({ content: [{ type: 'text', text: `Replaced "Hello!" with "${text}"` }] }),
  )
  return server
}
