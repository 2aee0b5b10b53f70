import type { VerifiedAccessToken } from './token/access-token.ts'
import { refusalReply } from './access/decision.ts'
import type { AccessDecision, AccessRefused, AuthenticationDecision } from './access/decision.ts'
import { answerMetadataRequest } from './access/metadata-endpoint.ts'
import type { ResourceServer } from './access/resource-server.ts'
import { resolveScopes } from './scope/required-scopes.ts'
import type { RequiredScopes } from './scope/required-scopes.ts'
import { tell } from './lib/tell.ts'

export type { RequiredScopes } from './scope/required-scopes.ts'

/**
 * Decides whether a web-standard request carries a valid access token. It does not touch the body:
 * read that once the sender is known, then call `resourceServer.decideScopes`.
 *
 * @param challengeScopes - What the challenge names where there is no valid token (S-11). Default:
 * `scopes_supported` of the metadata.
 * @throws {ResourceServerError} `SCOPE_INVALID`.
 */
export function authenticateRequest(
  resourceServer: ResourceServer,
  request: Request,
  challengeScopes?: readonly string[],
): Promise<AuthenticationDecision> {
  // `Headers` joins two Authorization lines with a comma, and the guard refuses the result. An
  // adapter must hand over both of them: `request.headers` of Node.js holds only the first.
  const authorization = request.headers.get('authorization')
  return resourceServer.authenticate({ authorization, url: request.url }, challengeScopes)
}

/** The HTTP answer to a refusal: status, challenge, JSON body. */
export function refusalResponse(refusal: AccessRefused): Response {
  const { status, headers, body } = refusalReply(refusal)
  return new Response(body, { status, headers })
}

/**
 * Answers a request for the protected resource metadata.
 *
 * @returns `undefined` when the request is for anything else.
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

/** Serves a request that was allowed. */
export type ProtectedHandler = (
  request: Request,
  token: VerifiedAccessToken,
) => Response | Promise<Response>

/** Options of {@link protect}. */
export interface ProtectOptions {
  /**
   * What the operation needs: a fixed list, or computed from the request, which then has a valid
   * access token. A function that reads the body reads a clone of the request. Default: nothing.
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

/**
 * Wraps a fetch-style handler: serves the metadata, answers what must not proceed, and hands on
 * the rest together with the verified token.
 *
 * @throws {ResourceServerError} `OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE` or `SCOPE_INVALID` at
 * once, for a fixed list of scopes.
 */
export function protect(
  resourceServer: ResourceServer,
  handler: ProtectedHandler,
  options: ProtectOptions = {},
): (request: Request) => Promise<Response> {
  const { neededBy, challenged } = resolveScopes(options.scopes, options.challengeScopes)

  async function decide(request: Request): Promise<AccessDecision> {
    const authentication = await authenticateRequest(resourceServer, request, challenged)
    if (!authentication.authenticated) return authentication.refusal
    return resourceServer.decideScopes(authentication.token, await neededBy(request))
  }

  return async (request) => {
    const metadata = metadataResponse(resourceServer, request)
    if (metadata !== undefined) return metadata
    const decision = await decide(request)
    tell(options.observe, decision, request)
    return decision.allowed ? await handler(request, decision.token) : refusalResponse(decision)
  }
}

/** By path, not by host: behind a proxy the host that a request names is another one. */
function isMetadataUrl(resourceServer: ResourceServer, url: string): boolean {
  const expected = new URL(resourceServer.metadataUrl)
  // An adapter may build a Request whose URL does not parse, from a Host header that is none.
  const actual = URL.parse(url)
  return actual?.pathname === expected.pathname && actual.search === expected.search
}
