import type { VerifiedAccessToken } from './token/verification.ts'
import { refusalReply } from './access/decision.ts'
import type { AccessDecision, AccessRefused, AuthenticationDecision } from './access/decision.ts'
import { answerMetadataRequest } from './access/metadata-endpoint.ts'
import type { CrossOriginDecision } from './access/cross-origin.ts'
import type { ResourceServer } from './access/resource-server.ts'
import { resolveScopes } from './scope/required-scopes.ts'
import type { RequiredScopes } from './scope/required-scopes.ts'
import type { MaybePromise } from './lib/maybe-promise.ts'
import { notify } from './lib/notify.ts'

export type { RequiredScopes } from './scope/required-scopes.ts'

/**
 * Decides whether a web-standard request has a valid access token, without reading the body. Read the
 * body afterwards, then call `resourceServer.decideScopes`.
 *
 * @param challengeScopes - The scopes of the challenge if there is no valid token (S-11). Default:
 *   `scopes_supported` of the metadata.
 * @throws {ResourceServerError} `SCOPE_INVALID`.
 */
export function authenticateRequest(
  resourceServer: ResourceServer,
  request: Request,
  challengeScopes?: readonly string[],
): MaybePromise<AuthenticationDecision> {
  // `Headers` joins two Authorization lines with a comma, and the guard refuses the result. An
  // adapter must pass both lines: `request.headers` of Node.js contains only the first.
  const authorization = request.headers.get('authorization')
  const dpop = request.headers.get('dpop')
  const { url, method } = request
  return resourceServer.authenticate({ authorization, dpop, url, method }, challengeScopes)
}

/** Converts a refusal to an HTTP response: status, challenge, JSON body. */
export function refusalResponse(refusal: AccessRefused): Response {
  const { status, headers, body } = refusalReply(refusal)
  return new Response(body, { status, headers })
}

/**
 * Decides which CORS headers the response to a web-standard request needs, according to
 * `allowedOrigins` (S-16). Answer a `preflight` with {@link preflightResponse}, and add the headers to
 * every other response with {@link withCrossOriginHeaders}.
 */
export function crossOriginDecision(
  resourceServer: Pick<ResourceServer, 'crossOrigin'>,
  request: Request,
): CrossOriginDecision {
  const { method, headers } = request
  return resourceServer.crossOrigin({
    method,
    origin: headers.get('origin'),
    requestMethod: headers.get('access-control-request-method'),
    requestHeaders: headers.get('access-control-request-headers'),
  })
}

/** The response to a preflight: 204 without a body. */
export function preflightResponse(decision: CrossOriginDecision): Response {
  return new Response(null, { status: 204, headers: decision.headers })
}

/** Adds the headers of a decision to a response, so that the page can read it. */
export function withCrossOriginHeaders(
  response: Response,
  decision: CrossOriginDecision,
): Response {
  return withHeaders(response, Object.entries(decision.headers))
}

/**
 * Adds the header `DPoP-Nonce` of a decision to the response to an allowed request. `refusalResponse` adds it to
 * the others.
 *
 * @see RFC 9449 §8.2
 */
export function withDpopNonce(response: Response, nonce: string | undefined): Response {
  return withHeaders(response, nonce === undefined ? [] : [['dpop-nonce', nonce]])
}

function withHeaders(
  response: Response,
  entries: readonly (readonly [name: string, value: string])[],
): Response {
  if (entries.length === 0) return response
  // The headers of a response may be immutable.
  const headers = new Headers(response.headers)
  for (const [name, value] of entries) {
    if (name === 'vary') headers.append(name, value)
    else headers.set(name, value)
  }
  const { status, statusText, body } = response
  return new Response(body, { status, statusText, headers })
}

/**
 * Answers a request for the protected resource metadata.
 *
 * @returns `undefined` if the request is for another URL.
 * @see RFC 9728 §3
 */
export function metadataResponse(
  resourceServer: ResourceServer,
  request: Request,
): Response | undefined {
  if (!isMetadataUrl(resourceServer, request.url)) return undefined
  const { status, headers, body } = answerMetadataRequest(resourceServer, request.method)
  return new Response(body, { status, headers })
}

/** Handles an allowed request. */
export type ProtectedHandler = (
  request: Request,
  token: VerifiedAccessToken,
) => Response | Promise<Response>

/** Options of {@link protect}. */
export interface ProtectOptions {
  /**
   * The scopes of the operation: a fixed list, or a function of the request, which is called only
   * with a valid access token. To read the body, it must read a clone of the request. Default: none.
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

/**
 * Wraps a web-standard handler: serves the metadata, answers preflights of allowed origins and refused
 * requests, and passes the other requests to the handler with the verified token.
 *
 * @example
 * ```ts
 * return protect(resourceServer, (request) => mcp.fetch(request), { scopes: scopesFor })
 * ```
 *
 * @throws {ResourceServerError} `OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE` or `SCOPE_INVALID`,
 *   immediately, for a fixed list of scopes.
 */
export function protect(
  resourceServer: ResourceServer,
  handler: ProtectedHandler,
  options: ProtectOptions = {},
): (request: Request) => Promise<Response> {
  const { requiredScopesOf, challenged } = resolveScopes(options.scopes, options.challengeScopes)

  async function decide(request: Request): Promise<AccessDecision> {
    const authentication = await authenticateRequest(resourceServer, request, challenged)
    if (!authentication.authenticated) return authentication.refusal
    const { token, dpopNonce } = authentication
    const decision = resourceServer.decideScopes(token, await requiredScopesOf(request))
    return dpopNonce === undefined ? decision : { ...decision, dpopNonce }
  }

  return async (request) => {
    const metadata = metadataResponse(resourceServer, request)
    if (metadata !== undefined) return metadata
    const crossOrigin = crossOriginDecision(resourceServer, request)
    if (crossOrigin.kind === 'preflight') return preflightResponse(crossOrigin)
    const decision = await decide(request)
    notify(options.observe, decision, request)
    const response = decision.allowed
      ? withDpopNonce(await handler(request, decision.token), decision.dpopNonce)
      : refusalResponse(decision)
    return withCrossOriginHeaders(response, crossOrigin)
  }
}

/** Compares the path, not the host, because a request behind a proxy may name another host. */
function isMetadataUrl(resourceServer: ResourceServer, url: string): boolean {
  const expected = new URL(resourceServer.metadataUrl)
  // With an invalid Host header, an adapter may build a Request whose URL does not parse.
  const actual = URL.parse(url)
  return actual?.pathname === expected.pathname && actual.search === expected.search
}
