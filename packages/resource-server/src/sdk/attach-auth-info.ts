import type { Request, RequestHandler } from 'express'
import type { CallerInfo } from './caller-info.ts'

/** A guard for Express that also sets `request.auth`, where the transports of the SDKs read it. */
export function attachAuthInfo(
  guard: RequestHandler,
  callerOf: (request: Request) => CallerInfo,
): RequestHandler {
  return (request, response, next) =>
    guard(request, response, (error?: unknown) => {
      if (error === undefined) Object.assign(request, { auth: callerOf(request) })
      next(error)
    })
}
