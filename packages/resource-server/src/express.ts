import type { Request, RequestHandler, Response } from 'express'
import type { VerifiedAccessToken } from './access-token.ts'
import { refusalReply } from './decision.ts'
import type { AccessDecision } from './decision.ts'
import { ResourceServerError } from './errors.ts'
import { answerMetadataRequest } from './metadata-endpoint.ts'
import { resolveNeededScopes } from './needed-scopes.ts'
import type { NeededScopes } from './needed-scopes.ts'
import type { ResourceServer } from './resource-server.ts'

export type { NeededScopes } from './needed-scopes.ts'

/** Options of {@link requireAccess}. */
export interface RequireAccessOptions {
  /** What the operation needs: a fixed list, or computed from the request. Default: nothing. */
  readonly scopes?: NeededScopes<Request>
  /** Hears of every decision, for logs and counters. */
  readonly onDecision?: (decision: AccessDecision, request: Request) => void
}

const tokens = new WeakMap<Request, VerifiedAccessToken>()

/**
 * Serves the protected resource metadata. Mount it at the root of the app, not under a path: the
 * well-known URL is fixed by RFC 9728 §3.1.
 */
export function serveMetadata(resourceServer: ResourceServer): RequestHandler {
  const { pathname, search } = new URL(resourceServer.metadataUrl)
  return (request, response, next) => {
    if (request.originalUrl !== `${pathname}${search}`) {
      next()
      return
    }
    const { status, headers, body } = answerMetadataRequest(resourceServer, request.method)
    reply(response, status, headers, body)
  }
}

/**
 * Lets a request through when its access token suffices, and answers it otherwise. Put a body
 * parser in front of it when `scopes` reads the body.
 *
 * @throws {ResourceServerError} `OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE` or `SCOPE_INVALID` at
 * once, for a fixed list of scopes.
 */
export function requireAccess(
  resourceServer: ResourceServer,
  options: RequireAccessOptions = {},
): RequestHandler {
  const neededScopes = resolveNeededScopes(options.scopes)
  return async (request, response, next) => {
    const decision = await resourceServer.authorize(
      // `headers` keeps the first of two Authorization lines and hides the second.
      { authorization: request.headersDistinct['authorization'], url: request.originalUrl },
      await neededScopes(request),
    )
    options.onDecision?.(decision, request)
    if (!decision.allowed) {
      const { status, headers, body } = refusalReply(decision)
      reply(response, status, headers, body)
      return
    }
    tokens.set(request, decision.token)
    next()
  }
}

/**
 * The verified token of a request that {@link requireAccess} let through.
 *
 * @throws {ResourceServerError} `ACCESS_NOT_DECIDED` when that middleware did not run.
 */
export function accessTokenOf(request: Request): VerifiedAccessToken {
  const token = tokens.get(request)
  if (token !== undefined) return token
  throw new ResourceServerError(
    'ACCESS_NOT_DECIDED',
    'This route has no verified access token. Put requireAccess in front of it.',
  )
}

function reply(
  response: Response,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | null,
): void {
  response.writeHead(status, headers)
  response.end(body ?? undefined)
}
