import type { Request, RequestHandler, Response } from 'express'
import type { VerifiedAccessToken } from './token/access-token.ts'
import { refusalReply } from './access/decision.ts'
import type { AccessDecision, AuthenticationDecision } from './access/decision.ts'
import { ResourceServerError } from './lib/errors.ts'
import { answerMetadataRequest } from './access/metadata-endpoint.ts'
import { resolveScopes } from './scope/required-scopes.ts'
import type { RequiredScopes } from './scope/required-scopes.ts'
import type { ResourceServer } from './access/resource-server.ts'
import { tell } from './lib/tell.ts'

export type { RequiredScopes } from './scope/required-scopes.ts'

/** Options of {@link requireAccess}. */
export interface RequireAccessOptions {
  /**
   * What the operation needs: a fixed list, or computed from the request, which then has a valid
   * access token. Default: nothing.
   */
  readonly scopes?: RequiredScopes<Request>
  /**
   * What the challenge names to a request without a valid access token (S-11). Default: the fixed
   * list of `scopes`, else `scopes_supported` of the metadata.
   */
  readonly challengeScopes?: readonly string[]
  /**
   * Hears of every decision, for logs and counters. What it throws is dropped: an observer changes
   * no answer.
   */
  readonly observe?: (decision: AccessDecision, request: Request) => void
}

interface Verified {
  readonly resourceServer: ResourceServer
  readonly token: VerifiedAccessToken
}

const verified = new WeakMap<Request, Verified>()

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
 * Lets a request through when its access token suffices, and answers it otherwise.
 *
 * Where `scopes` reads the body, put it on the route twice: `requireAccess(resourceServer)` in
 * front of the body parser, so that no body of an unknown sender is read, and
 * `requireAccess(resourceServer, { scopes })` behind it. The token is verified once.
 *
 * @throws {ResourceServerError} `OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE` or `SCOPE_INVALID` at
 * once, for a fixed list of scopes.
 */
export function requireAccess(
  resourceServer: ResourceServer,
  options: RequireAccessOptions = {},
): RequestHandler {
  const { neededBy, challenged } = resolveScopes(options.scopes, options.challengeScopes)

  async function decide(request: Request): Promise<AccessDecision> {
    const authentication = await authenticateOnce(resourceServer, request, challenged)
    if (!authentication.authenticated) return authentication.refusal
    return resourceServer.decideScopes(authentication.token, await neededBy(request))
  }

  return async (request, response, next) => {
    const decision = await decide(request)
    tell(options.observe, decision, request)
    if (!decision.allowed) {
      const { status, headers, body } = refusalReply(decision)
      reply(response, status, headers, body)
      return
    }
    verified.set(request, { resourceServer, token: decision.token })
    next()
  }
}

async function authenticateOnce(
  resourceServer: ResourceServer,
  request: Request,
  challenged: readonly string[] | undefined,
): Promise<AuthenticationDecision> {
  const before = verified.get(request)
  // A token that another resource server accepted says nothing here.
  if (before?.resourceServer === resourceServer) {
    return { authenticated: true, token: before.token }
  }
  return await resourceServer.authenticate(
    // `headers` keeps the first of two Authorization lines and hides the second.
    { authorization: request.headersDistinct['authorization'], url: request.originalUrl },
    challenged,
  )
}

/**
 * The verified token of a request that {@link requireAccess} let through.
 *
 * @throws {ResourceServerError} `ACCESS_NOT_DECIDED` when that middleware did not run.
 */
export function accessTokenOf(request: Request): VerifiedAccessToken {
  const token = verified.get(request)?.token
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
