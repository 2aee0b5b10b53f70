import { offlineAccess, showRemote, uniteScopes } from '@evergrant/core'
import { tokenType, verifyAccessToken } from '../token/access-token.ts'
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
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { ResourceServerError } from '../lib/errors.ts'
import { issuerKeys } from '../token/keys.ts'
import type { TrustedAuthorizationServer } from '../token/keys.ts'
import { protectedResourceMetadata, protectedResourceMetadataUrl } from '../metadata/metadata.ts'
import type { ProtectedResourceMetadataDocument } from '../metadata/metadata.ts'
import { refuse } from './refuse.ts'
import { assertResourceScopes, createScopeHierarchy } from '../scope/scopes.ts'
import type { ScopeHierarchy, ScopeImplications } from '../scope/scopes.ts'

/** Options of {@link createResourceServer}. */
export interface ResourceServerOptions {
  /** `scopes_supported` of the metadata: the scopes for ordinary use. */
  readonly scopesSupported?: readonly string[]
  /** Which broader scope implies which narrower ones. Default: none. */
  readonly scopeImplications?: ScopeImplications
  /** Clients show it to users. */
  readonly resourceName?: string
  readonly resourceDocumentation?: string
  /** Accepted JWS algorithms. Default: the asymmetric ones of RFC 7518, and Ed25519. */
  readonly algorithms?: readonly string[]
  /**
   * Accepted values of the JOSE header `typ`, without `application/`. Default `['at+jwt']`
   * (RFC 9068 §4). Add `'jwt'` for an authorization server that does not follow RFC 9068.
   */
  readonly tokenTypes?: readonly string[]
  /** Allowed difference between the clocks of both servers, 0 to 60. Default 5. */
  readonly clockToleranceSeconds?: number
  /** Default: the clock of this machine. */
  readonly clock?: Clock
  /** Fetches metadata and keys of the authorization server. Default: the global `fetch`. */
  readonly fetch?: typeof fetch
}

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
}

const asymmetricAlgorithms: readonly string[] = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
]

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
  const clock = options.clock ?? systemClock
  const expectations = {
    resource,
    keysByIssuer: new Map(
      trusted.map((server) => [server.issuer, issuerKeys(server, options.fetch, clock)]),
    ),
    algorithms: asymmetric(options.algorithms ?? asymmetricAlgorithms),
    tokenTypes: (options.tokenTypes ?? ['at+jwt']).map((type) => tokenType(type) ?? type),
    clockToleranceSeconds: tolerance(options.clockToleranceSeconds ?? 5),
    clock,
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
        ? { ...refused('keys-unavailable'), cause: verdict.error }
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

function asymmetric(algorithms: readonly string[]): readonly string[] {
  const wrong = algorithms.find((algorithm) => !asymmetricAlgorithms.includes(algorithm))
  if (wrong !== undefined || algorithms.length === 0) {
    throw new ResourceServerError(
      'ALGORITHM_NOT_ALLOWED',
      `The option algorithms contains ${wrong === undefined ? 'none' : showRemote(wrong)} (expected ` +
        `${asymmetricAlgorithms.join(', ')}). Only asymmetric algorithms are allowed, because this ` +
        'server must not have the signing key.',
    )
  }
  return algorithms
}

function tolerance(seconds: number): number {
  if (seconds >= 0 && seconds <= 60) return seconds
  throw new ResourceServerError(
    'OPTION_INVALID',
    `The option clockToleranceSeconds is ${seconds} (expected 0 to 60). A larger value would accept ` +
      'expired tokens. Correct the clocks instead.',
  )
}
