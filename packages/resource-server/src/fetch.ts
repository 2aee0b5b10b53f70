import type { VerifiedAccessToken } from './access-token.ts'
import { refusalReply } from './decision.ts'
import type { AccessDecision, AccessRefused } from './decision.ts'
import { answerMetadataRequest } from './metadata-endpoint.ts'
import type { ResourceServer } from './resource-server.ts'
import { resolveNeededScopes } from './needed-scopes.ts'
import type { NeededScopes } from './needed-scopes.ts'

export type { NeededScopes } from './needed-scopes.ts'

/**
 * Decides on a web-standard request.
 *
 * @param neededScopes - All that the operation needs.
 * @throws {ResourceServerError} `SCOPE_INVALID`.
 */
export function authorizeRequest(
  resourceServer: ResourceServer,
  request: Request,
  neededScopes: readonly string[] = [],
): Promise<AccessDecision> {
  // Two Authorization lines arrive here as one, joined by a comma, which no bearer token has.
  const authorization = request.headers.get('authorization')
  return resourceServer.authorize({ authorization, url: request.url }, neededScopes)
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
  /** What the operation needs: a fixed list, or computed from the request. Default: nothing. */
  readonly scopes?: NeededScopes<Request>
  /** Hears of every decision, for logs and counters. */
  readonly onDecision?: (decision: AccessDecision, request: Request) => void
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
  const neededScopes = resolveNeededScopes(options.scopes)
  return async (request) => {
    const metadata = metadataResponse(resourceServer, request)
    if (metadata !== undefined) return metadata
    const decision = await authorizeRequest(resourceServer, request, await neededScopes(request))
    options.onDecision?.(decision, request)
    return decision.allowed ? await handler(request, decision.token) : refusalResponse(decision)
  }
}

/** By path, not by host: behind a proxy the host that a request names is another one. */
function isMetadataUrl(resourceServer: ResourceServer, url: string): boolean {
  const [expected, actual] = [new URL(resourceServer.metadataUrl), new URL(url)]
  return actual.pathname === expected.pathname && actual.search === expected.search
}
