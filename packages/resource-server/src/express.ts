import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { VerifiedAccessToken } from './token/verification.ts'
import { refusalReply } from './access/decision.ts'
import type { AccessDecision, AuthenticationDecision } from './access/decision.ts'
import { ResourceServerError } from './lib/errors.ts'
import { answerMetadataRequest } from './access/metadata-endpoint.ts'
import { resolveScopes } from './scope/required-scopes.ts'
import type { RequiredScopes } from './scope/required-scopes.ts'
import type { AccessRequest } from './access/credentials.ts'
import { recallOf } from './access/recall.ts'
import type { ResourceServer } from './access/resource-server.ts'
import { whenKnown } from './lib/maybe-promise.ts'
import type { MaybePromise } from './lib/maybe-promise.ts'
import { notify } from './lib/notify.ts'
import { fieldValues, headerLinesOf } from './node/field-values.ts'

export type { RequiredScopes } from './scope/required-scopes.ts'

/** Options of {@link requireAccess}. */
export interface RequireAccessOptions {
  /**
   * The scopes of the operation: a fixed list, or a function of the request, which is called only
   * with a valid access token. Default: none.
   */
  readonly scopes?: RequiredScopes<Request>
  /**
   * The scopes of the challenge for a request without a valid access token (S-11). Default: the
   * fixed list of `scopes`, otherwise `scopes_supported` of the metadata.
   */
  readonly challengeScopes?: readonly string[]
  /**
   * Receives every decision, for logs and counters. Errors that it throws are ignored.
   */
  readonly observe?: (decision: AccessDecision, request: Request) => void
}

/** The result of the guard, on the request. A map of requests would cost more than the rest of the guard. */
const verified = Symbol('verified access token')

interface Verified {
  readonly resourceServer: ResourceServer
  readonly token: VerifiedAccessToken
}

type GuardedRequest = Request & { [verified]?: Verified }

/**
 * Serves the protected resource metadata. Mount it at the root of the app, because RFC 9728 §3.1
 * defines the well-known URL.
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
 * Answers the preflights of allowed origins, and lets their pages read every other response (S-16). Mount
 * it before the routes, because a preflight has no token, and Express matches `OPTIONS` to no other route.
 *
 * @example
 * ```ts
 * app.use(allowCrossOrigin(resourceServer))
 * ```
 */
export function allowCrossOrigin(resourceServer: ResourceServer): RequestHandler {
  return (request, response, next) => {
    const { kind, headers } = resourceServer.crossOrigin({
      method: request.method,
      origin: request.headers.origin,
      requestMethod: request.headers['access-control-request-method'],
      requestHeaders: request.headers['access-control-request-headers'],
    })
    if (kind === 'preflight') {
      reply(response, 204, headers, null)
      return
    }
    for (const [name, value] of Object.entries(headers)) {
      if (name === 'vary') response.vary(value)
      else response.setHeader(name, value)
    }
    next()
  }
}

/**
 * Continues if the access token of a request is sufficient, and answers the request otherwise.
 *
 * If `scopes` reads the body, put it on the route twice: `requireAccess(resourceServer)` before the
 * body parser, so that no body of an unknown sender is read, and
 * `requireAccess(resourceServer, { scopes })` after it. The token is verified once.
 *
 * @example
 * ```ts
 * app.get(
 *   '/files',
 *   requireAccess(resourceServer, { scopes: ['files:read'] }),
 *   (request, response) => {
 *     response.json({ owner: accessTokenOf(request).subject, files: ['hello.txt'] })
 *   },
 * )
 * ```
 *
 * @throws {ResourceServerError} `OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE` or `SCOPE_INVALID`,
 *   immediately, for a fixed list of scopes.
 */
export function requireAccess(
  resourceServer: ResourceServer,
  options: RequireAccessOptions = {},
): RequestHandler {
  const { fixed, requiredScopesOf, challenged } = resolveScopes(
    options.scopes,
    options.challengeScopes,
  )
  const { observe } = options

  function proceed(
    authentication: AuthenticationDecision,
    request: GuardedRequest,
    response: Response,
    next: NextFunction,
  ): MaybePromise<void> {
    if (!authentication.authenticated) {
      answer(authentication.refusal, request, response, next)
      return undefined
    }
    const { token, dpopNonce } = authentication
    const answerFor = (scopes: readonly string[]): void => {
      const decision = resourceServer.decideScopes(token, scopes)
      const withNonce = dpopNonce === undefined ? decision : { ...decision, dpopNonce }
      answer(withNonce, request, response, next)
    }
    return fixed === undefined ? whenKnown(requiredScopesOf(request), answerFor) : answerFor(fixed)
  }

  function answer(
    decision: AccessDecision,
    request: GuardedRequest,
    response: Response,
    next: NextFunction,
  ): void {
    if (observe !== undefined) notify(observe, decision, request)
    if (!decision.allowed) {
      const { status, headers, body } = refusalReply(decision)
      reply(response, status, headers, body)
      return
    }
    if (decision.dpopNonce !== undefined) response.setHeader('dpop-nonce', decision.dpopNonce)
    request[verified] = { resourceServer, token: decision.token }
    next()
  }

  const recall = recallOf(resourceServer)

  /** The token of the usual request, for which no decision is made again. An observer receives every decision. */
  function recalledToken(request: Request): VerifiedAccessToken | undefined {
    if (fixed === undefined || observe !== undefined) return undefined
    const authorization = fieldValues(headerLinesOf(request), 'authorization')
    return recall(authorization, request.originalUrl, fixed)
  }

  // Without a promise if the token is remembered. Express forwards the error of a rejected promise.
  return (request: GuardedRequest, response, next) => {
    const token = recalledToken(request)
    if (token !== undefined) {
      request[verified] = { resourceServer, token }
      next()
      return undefined
    }
    const authentication = authenticateOnce(resourceServer, request, challenged)
    return 'authenticated' in authentication
      ? proceed(authentication, request, response, next)
      : authentication.then((known) => proceed(known, request, response, next))
  }
}

function authenticateOnce(
  resourceServer: ResourceServer,
  request: GuardedRequest,
  challenged: readonly string[] | undefined,
): MaybePromise<AuthenticationDecision> {
  const before = request[verified]
  // A token that another resource server accepted does not count here.
  if (before?.resourceServer === resourceServer) {
    return { authenticated: true, token: before.token }
  }
  return resourceServer.authenticate(new GuardedAccessRequest(request), challenged)
}

/** Reads the header `DPoP` only for a token that is bound to a key. */
class GuardedAccessRequest implements AccessRequest {
  readonly authorization: string | readonly string[] | undefined
  readonly url: string
  readonly method: string
  private readonly lines: readonly string[]

  constructor(request: Request) {
    this.lines = headerLinesOf(request)
    this.authorization = fieldValues(this.lines, 'authorization')
    this.url = request.originalUrl
    this.method = request.method
  }

  get dpop(): string | readonly string[] | undefined {
    return fieldValues(this.lines, 'dpop')
  }
}

/**
 * Returns the verified token of a request that {@link requireAccess} has allowed.
 *
 * @throws {ResourceServerError} `ACCESS_NOT_DECIDED` if that middleware did not run.
 */
export function accessTokenOf(request: Request): VerifiedAccessToken {
  const { [verified]: found }: GuardedRequest = request
  const token = found?.token
  if (token !== undefined) return token
  throw new ResourceServerError(
    'ACCESS_NOT_DECIDED',
    'This route has no verified access token. Put requireAccess before it.',
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
