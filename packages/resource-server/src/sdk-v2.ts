import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server'
import type { AuthInfo, OAuthTokenVerifier } from '@modelcontextprotocol/server'
import type { RequestHandler } from 'express'
import type { AccessRefused } from './access/decision.ts'
import type { ResourceServer } from './access/resource-server.ts'
import { accessTokenOf, requireAccess as requireAccessOnExpress } from './express.ts'
import type { RequireAccessOptions } from './express.ts'
import { attachAuthInfo } from './sdk/attach-auth-info.ts'
import { callerInfo } from './sdk/caller-info.ts'
import { verifyBearerToken } from './sdk/verify-bearer-token.ts'
import type { TokenVerifierOptions } from './sdk/verify-bearer-token.ts'
import type { VerifiedAccessToken } from './token/verification.ts'

export { serveMetadata } from './express.ts'
export type { RequireAccessOptions } from './express.ts'
export { metadataResponse } from './fetch.ts'
export type { TokenVerifierOptions } from './sdk/verify-bearer-token.ts'

/**
 * The `verifier` for `requireBearerAuth` of `@modelcontextprotocol/express` 2.x and of
 * `@modelcontextprotocol/server` 2.x.
 *
 * The verifier receives the token only, and the SDK writes the response. Compared with `requireAccess` and
 * `protect`:
 *
 * - If the keys cannot be fetched, the response is 500 instead of 503 with `Retry-After`. It is never 401
 *   (S-18).
 * - A repeated `Authorization` line and a token in the query string are not refused. The SDK uses the first
 *   line, and never the query.
 * - Sender-constrained tokens are refused, because the verifier does not receive the proof.
 * - The required scopes are fixed for each `requireBearerAuth`.
 *
 * @example
 * ```ts
 * requireBearerAuth({
 *   verifier: tokenVerifier(resourceServer),
 *   requiredScopes: ['files:read'],
 *   resourceMetadataUrl: resourceServer.metadataUrl,
 * })
 * ```
 */
export function tokenVerifier(
  resourceServer: ResourceServer,
  options: TokenVerifierOptions = {},
): OAuthTokenVerifier {
  return {
    verifyAccessToken: (token) => verifyBearerToken(resourceServer, token, options, sdkError),
  }
}

/**
 * Replaces `requireBearerAuth` on Express: `requireAccess` of `@evergrant/resource-server/express`, which
 * also sets `request.auth` for the transports of the SDK. Its member `token` is empty.
 *
 * @example
 * ```ts
 * app.post(
 *   '/mcp',
 *   requireAccess(resourceServer),
 *   express.json(),
 *   requireAccess(resourceServer, { scopes: (request) => requiredScopes(request.body) }),
 *   serveMcp,
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
  return attachAuthInfo(requireAccessOnExpress(resourceServer, options), (request) =>
    callerInfo(resourceServer, accessTokenOf(request)),
  )
}

/**
 * Converts a verified token to the `AuthInfo` of SDK 2.x, for example for `createMcpHandler` behind
 * `protect`. Its member `token` is empty, so no tool can pass the token on.
 *
 * @example
 * ```ts
 * protect(resourceServer, (request, token) =>
 *   mcp.fetch(request, { authInfo: authInfoOf(resourceServer, token) }),
 * )
 * ```
 */
export function authInfoOf(resourceServer: ResourceServer, token: VerifiedAccessToken): AuthInfo {
  return callerInfo(resourceServer, token)
}

/** The SDK answers these with 401, 400 and 500. It has no code for 503. */
function sdkError({ status, description }: AccessRefused): Error {
  if (status === 503) return new OAuthError(OAuthErrorCode.ServerError, description)
  const code = status === 400 ? OAuthErrorCode.InvalidRequest : OAuthErrorCode.InvalidToken
  return new OAuthError(code, description)
}
