/** An API on Express that pages of another origin may call. */
// #region app
import { createResourceServer } from '@evergrant/resource-server'
import { allowCrossOrigin, requireAccess, serveMetadata } from '@evergrant/resource-server/express'
import express from 'express'
import type { Express } from 'express'

export function createApp(resource: string, authorizationServer: string): Express {
  const resourceServer = createResourceServer(resource, [authorizationServer], {
    scopesSupported: ['mcp:read'],
    allowedOrigins: ['https://inspector.example.com'],
  })
  const app = express()
  // Before all routes. Answers preflights, and lets the page read challenges.
  app.use(allowCrossOrigin(resourceServer))
  app.use(serveMetadata(resourceServer))
  app.post('/mcp', requireAccess(resourceServer, { scopes: ['mcp:read'] }), (_request, response) =>
    response.status(204).end(),
  )
  return app
}
// #endregion app
