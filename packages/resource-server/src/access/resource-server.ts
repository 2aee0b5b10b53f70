import { offlineAccess, uniteScopes } from '@evergrant/core'
import { verifyAccessToken } from '../token/access-token.ts'
import type { VerifiedAccessToken } from '../token/access-token.ts'
import { readCredentials } from './credentials.ts'
import type { AccessRequest } from './credentials.ts'
import type {
  AccessDecision,
  AccessRefused,
  AccessWarning,
  AuthenticationDecision,
  RefusalReason,
} from './decision.ts'
import { assertAllowedOrigins, decideCrossOrigin } from './cross-origin.ts'
import type { CrossOriginDecision, CrossOriginRequest } from './cross-origin.ts'
import { tokenExpectations } from './options.ts'
import type { ResourceServerOptions } from './options.ts'
import { failurePauseSeconds } from '../token/failure-memory.ts'
import { issuerKeys } from '../token/keys.ts'
import type { TrustedAuthorizationServer } from '../token/keys.ts'
import { protectedResourceMetadata, protectedResourceMetadataUrl } from '../metadata/metadata.ts'
import type { ProtectedResourceMetadataDocument } from '../metadata/metadata.ts'
import { refuse } from './refuse.ts'
import { assertResourceScopes, createScopeHierarchy } from '../scope/scopes.ts'
import type { ScopeHierarchy } from '../scope/scopes.ts'

/** The guard of one protected resource. Safe for concurrent requests. */
export interface ResourceServer {
  /** The resource identifier: the required audience of access tokens. */
  readonly resource: string
  readonly metadata: ProtectedResourceMetadataDocument
  /** The URL where {@link metadata} must be served. Every challenge names it. */
  readonly metadataUrl: string
  readonly scopes: ScopeHierarchy
  /**
   * Decides whether a request has a valid access token, before the operation is known. Call it
   * before you read the body: until then, the body comes from an unknown sender.
   *
   * @param challengeScopes - The scopes of the challenge if there is no valid token (S-11).
   *   Default: `scopes_supported` of the metadata. `offline_access` is left out and reported in the
   *   warnings of the refusal.
   * @throws {ResourceServerError} `SCOPE_INVALID` if an entry is not a scope token.
   */
  authenticate(
    request: AccessRequest,
    challengeScopes?: readonly string[],
  ): Promise<AuthenticationDecision>
  /**
   * Decides whether a verified token is sufficient for an operation.
   *
   * @param token - From {@link ResourceServer.authenticate} of this resource server.
   * @param requiredScopes - All scopes of the operation. `offline_access` is left out and reported in
   *   the warnings of the decision.
   * @throws {ResourceServerError} `SCOPE_INVALID` if an entry is not a scope token.
   */
  decideScopes(token: VerifiedAccessToken, requiredScopes?: readonly string[]): AccessDecision
  /**
   * Decides whether a request is allowed: {@link ResourceServer.authenticate}, then
   * {@link ResourceServer.decideScopes}. Use those two if the required scopes depend on the body.
   *
   * @param requiredScopes - All scopes of the operation. `offline_access` is left out and reported in
   *   the warnings of the decision.
   * @throws {ResourceServerError} `SCOPE_INVALID` if an entry is not a scope token.
   */
  authorize(request: AccessRequest, requiredScopes?: readonly string[]): Promise<AccessDecision>
  /**
   * Decides which CORS headers the response to a request needs, according to `allowedOrigins` (S-16).
   * Call it before {@link ResourceServer.authenticate}, because a preflight has no token.
   */
  crossOrigin(request: CrossOriginRequest): CrossOriginDecision
}

/**
 * Creates the guard of one MCP server.
 *
 * @example
 * ```ts
 * const resourceServer = createResourceServer(resource, [authorizationServer], {
 *   scopesSupported: ['mcp:read'],
 *   scopeImplications: { 'mcp:write': ['mcp:read'] },
 * })
 * ```
 *
 * @param resource - Canonical URI of the MCP server. It is the audience of its tokens.
 * @param authorizationServers - The authorization servers whose tokens are accepted: issuers, or
 *   issuers with `jwksUri`. Without `jwksUri`, the keys are discovered through the metadata with the
 *   first token.
 * @throws {ResourceServerError} Any code except `KEYS_UNAVAILABLE`, immediately and not per request.
 */
export function createResourceServer(
  resource: string,
  authorizationServers: readonly (string | TrustedAuthorizationServer)[],
  options: ResourceServerOptions = {},
): ResourceServer {
  const trusted = authorizationServers.map((server) =>
    typeof server === 'string' ? { issuer: server } : server,
  )
  const metadata = protectedResourceMetadata({
    ...options,
    resource,
    authorizationServers: trusted.map((server) => server.issuer),
  })
  const metadataUrl = protectedResourceMetadataUrl(resource)
  const scopes = createScopeHierarchy(options.scopeImplications)
  const { allowedOrigins } = options
  assertAllowedOrigins(allowedOrigins)
  const expectations = {
    ...tokenExpectations(options),
    resource,
    keysByIssuer: new Map(
      trusted.map((server) => [server.issuer, issuerKeys(server, options.fetch, options.clock)]),
    ),
  }

  async function verifyToken(
    request: AccessRequest,
    challenged: readonly string[],
    warnings: readonly AccessWarning[],
  ): Promise<AuthenticationDecision> {
    const refused = (reason: RefusalReason): AccessRefused =>
      refuse(metadataUrl, reason, challenged, warnings)
    const credentials = readCredentials(request)
    if (credentials.kind !== 'bearer') {
      return { authenticated: false, refusal: refused(credentialReasons[credentials.kind]) }
    }
    const verdict = await verifyAccessToken(credentials.token, expectations)
    if (verdict.valid === true) return { authenticated: true, token: verdict.token }
    const refusal =
      verdict.valid === undefined
        ? {
            ...refused('keys-unavailable'),
            retryAfterSeconds: verdict.error.retryAfterSeconds ?? failurePauseSeconds,
            cause: verdict.error,
          }
        : refused(verdict.reason)
    return { authenticated: false, refusal }
  }

  function decideRequired(
    token: VerifiedAccessToken,
    { required, warnings }: CheckedScopes,
  ): AccessDecision {
    const missingScopes = scopes.missing(required, token.scopes)
    if (missingScopes.length > 0) {
      return { ...refuse(metadataUrl, 'insufficient-scope', required, warnings), missingScopes }
    }
    return { allowed: true, reason: 'scope-sufficient', token, requiredScopes: required, warnings }
  }

  return {
    resource,
    metadata,
    metadataUrl,
    scopes,
    async authenticate(request, challengeScopes = metadata.scopes_supported ?? []) {
      const { required, warnings } = withoutOfflineAccess(challengeScopes)
      return await verifyToken(request, required, warnings)
    },
    decideScopes: (token, requiredScopes = []) =>
      decideRequired(token, withoutOfflineAccess(requiredScopes)),
    async authorize(request, requiredScopes = []) {
      const checked = withoutOfflineAccess(requiredScopes)
      const decision = await verifyToken(request, checked.required, checked.warnings)
      return decision.authenticated ? decideRequired(decision.token, checked) : decision.refusal
    },
    crossOrigin: (request) => decideCrossOrigin(allowedOrigins, request),
  }
}

const credentialReasons = {
  none: 'no-credentials',
  'other-scheme': 'unsupported-scheme',
  several: 'several-credentials',
  'in-query': 'token-in-query',
  malformed: 'malformed-credentials',
} as const

interface CheckedScopes {
  readonly required: readonly string[]
  readonly warnings: readonly AccessWarning[]
}

/** SEP-2207: removes `offline_access` from scopes computed per request instead of failing. */
function withoutOfflineAccess(requiredScopes: readonly string[]): CheckedScopes {
  const required = uniteScopes(requiredScopes.filter((scope) => scope !== offlineAccess))
  assertResourceScopes(required, 'the required scopes of a request')
  if (!requiredScopes.includes(offlineAccess)) return { required, warnings: [] }
  const message =
    `${offlineAccess} was computed as a required scope of this request, and was left out: no ` +
    'operation of a resource requires a refresh token. Remove it from the computation.'
  return { required, warnings: [{ code: 'OFFLINE_ACCESS_FILTERED', requirement: 'S-01', message }] }
}
