/** An app on Express that keeps `requireBearerAuth` of SDK 1.x. */
// #region app
import type { ResourceServer } from '@evergrant/resource-server'
import { serveMetadata, tokenVerifier } from '@evergrant/resource-server/sdk-v1'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import express from 'express'
import type { Express, RequestHandler } from 'express'

/** @param serveMcp - Passes the request to the transport of the SDK. */
export function createApp(resourceServer: ResourceServer, serveMcp: RequestHandler): Express {
  const app = express()
  // Instead of mcpAuthMetadataRouter:
  app.use(serveMetadata(resourceServer))
  app.post(
    '/mcp',
    requireBearerAuth({
      // Instead of your own verifier:
      verifier: tokenVerifier(resourceServer),
      requiredScopes: ['files:read'],
      resourceMetadataUrl: resourceServer.metadataUrl,
    }),
    express.json(),
    serveMcp,
  )
  return app
}
// #endregion app
