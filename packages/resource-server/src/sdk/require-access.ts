import type { RequestHandler } from 'express'
import type { ResourceServer } from '../access/resource-server.ts'
import { accessTokenOf, requireAccess } from '../express.ts'
import type { RequireAccessOptions } from '../express.ts'
import { callerInfo } from './caller-info.ts'

/** `requireAccess` for Express that also sets `request.auth`, where the transports of the SDKs read it. */
export function requireAccessWithAuthInfo(
  resourceServer: ResourceServer,
  options: RequireAccessOptions,
): RequestHandler {
  const guard = requireAccess(resourceServer, options)
  return (request, response, next) =>
    guard(request, response, (error?: unknown) => {
      if (error === undefined) {
        Object.assign(request, { auth: callerInfo(resourceServer, accessTokenOf(request)) })
      }
      next(error)
    })
}
