/** An API on Express, protected by `@evergrant/resource-server`. */
// #region app
import { createResourceServer } from '@evergrant/resource-server'
import { accessTokenOf, requireAccess, serveMetadata } from '@evergrant/resource-server/express'
import express from 'express'
import type { Express } from 'express'

export function createFilesApp(resource: string, authorizationServer: string): Express {
  // #region protect
  const resourceServer = createResourceServer(resource, [authorizationServer], {
    scopesSupported: ['files:read'],
    scopeImplications: { 'files:write': ['files:read'] },
  })

  const app = express()
  app.use(serveMetadata(resourceServer))
  app.get(
    '/files',
    requireAccess(resourceServer, { scopes: ['files:read'] }),
    (request, response) => {
      response.json({ owner: accessTokenOf(request).subject, files: ['hello.txt'] })
    },
  )
  app.post(
    '/files',
    requireAccess(resourceServer, { scopes: ['files:write'] }),
    (_request, response) => {
      response.status(201).end()
    },
  )
  return app
  // #endregion protect
}
// #endregion app
