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
  /** For `scopes_supported` of the metadata: the least a client needs for ordinary work. */
  readonly scopesSupported?: readonly string[]
  /** Which broader scope implies which narrower ones. Default: none implies another. */
  readonly scopeImplications?: ScopeImplications
  /** Shown to people by clients. */
  readonly resourceName?: string
  readonly resourceDocumentation?: string
  /** JWS algorithms accepted. Default: the asymmetric ones of RFC 7518 and Ed25519. */
  readonly algorithms?: readonly string[]
  /**
   * Values of the JOSE header `typ` accepted, without `application/`. Default `['at+jwt']`
   * (RFC 9068 §4); add `'jwt'` for an authorization server that does not follow it.
   */
  readonly tokenTypes?: readonly string[]
  /** How far the clocks of both servers may differ, 0 to 60. Default 5. */
  readonly clockToleranceSeconds?: number
  /** Default: the system's clock. */
  readonly clock?: { nowEpochSeconds(): number }
  /** Fetches metadata and keys of the authorization server. Default: the global one. */
  readonly fetch?: typeof fetch
}

/** Guards one protected resource. Safe for any number of concurrent requests. */
export interface ResourceServer {
  /** The resource identifier: the audience tokens must have. */
  readonly resource: string
  readonly metadata: ProtectedResourceMetadataDocument
  /** Where {@link metadata} has to be served; every challenge names it. */
  readonly metadataUrl: string
  readonly scopes: ScopeHierarchy
  /**
   * Decides whether a request carries a valid access token, before anything is known about the
   * operation. Call it first, and read the body of the request after it: until then the body is
   * the input of an unknown sender.
   *
   * @param challengeScopes - What the challenge names where there is no valid token (S-11).
   * Default: `scopes_supported` of the metadata. `offline_access` among them is left out and
   * reported in the warnings of the refusal.
   * @throws {ResourceServerError} `SCOPE_INVALID` where one of them is not a scope token.
   */
  authenticate(
    request: AccessRequest,
    challengeScopes?: readonly string[],
  ): Promise<AuthenticationDecision>
  /**
   * Decides whether a verified token suffices for an operation.
   *
   * @param token - From {@link ResourceServer.authenticate} of this resource server.
   * @param requiredScopes - All that the operation needs. `offline_access` among them is left out
   * and reported in the decision's warnings.
   * @throws {ResourceServerError} `SCOPE_INVALID` where a needed scope is not a scope token.
   */
  decideScopes(token: VerifiedAccessToken, requiredScopes?: readonly string[]): AccessDecision
  /**
   * Decides whether a request may proceed: {@link ResourceServer.authenticate}, then
   * {@link ResourceServer.decideScopes}. Use those two where the needed scopes depend on the body.
   *
   * @param requiredScopes - All that the operation needs. `offline_access` among them is left out
   * and reported in the decision's warnings.
   * @throws {ResourceServerError} `SCOPE_INVALID` where a needed scope is not a scope token.
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
 * Makes the guard of one MCP server.
 *
 * @param resource - Canonical URI of the MCP server, which is the audience of its tokens.
 * @param authorizationServers - Whose tokens are accepted: issuers, or issuers with `jwksUri`.
 * Without that, keys are found through the authorization server's metadata at the first token.
 * @throws {ResourceServerError} Every code but `KEYS_UNAVAILABLE`, at once and not per request.
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
  const clock = options.clock ?? { nowEpochSeconds: () => Date.now() / 1000 }
  const expectations = {
    resource,
    keysByIssuer: new Map(
      trusted.map((server) => [server.issuer, issuerKeys(server, options.fetch, clock)]),
    ),
    algorithms: asymmetric(options.algorithms ?? asymmetricAlgorithms),
    tokenTypes: (options.tokenTypes ?? ['at+jwt']).map((type) => tokenType(type) ?? type),
    clockToleranceSeconds: tolerance(options.clockToleranceSeconds ?? 5),
    nowEpochSeconds: () => clock.nowEpochSeconds(),
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

  function decideNeeded(
    token: VerifiedAccessToken,
    { needed, warnings }: CheckedScopes,
  ): AccessDecision {
    const missingScopes = scopes.missing(needed, token.scopes)
    if (missingScopes.length > 0) {
      return { ...refuse(metadataUrl, 'insufficient-scope', needed, warnings), missingScopes }
    }
    return { allowed: true, reason: 'scope-sufficient', token, requiredScopes: needed, warnings }
  }

  return {
    resource,
    metadata,
    metadataUrl,
    scopes,
    async authenticate(request, challengeScopes = metadata.scopes_supported ?? []) {
      const { needed, warnings } = withoutOfflineAccess(challengeScopes)
      return await verifyToken(request, needed, warnings)
    },
    decideScopes: (token, requiredScopes = []) =>
      decideNeeded(token, withoutOfflineAccess(requiredScopes)),
    async authorize(request, requiredScopes = []) {
      const checked = withoutOfflineAccess(requiredScopes)
      const decision = await verifyToken(request, checked.needed, checked.warnings)
      return decision.authenticated ? decideNeeded(decision.token, checked) : decision.refusal
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
  readonly needed: readonly string[]
  readonly warnings: readonly AccessWarning[]
}

/** SEP-2207: a scope set computed for a request is put right instead of failing the request. */
function withoutOfflineAccess(requiredScopes: readonly string[]): CheckedScopes {
  const needed = uniteScopes(requiredScopes.filter((scope) => scope !== offlineAccess))
  assertResourceScopes(needed, 'the scopes needed for a request')
  if (!requiredScopes.includes(offlineAccess)) return { needed, warnings: [] }
  const message =
    `${offlineAccess} was computed as a scope this request needs, and left out: no operation of ` +
    'a resource needs a refresh token. Take it out of the computation.'
  return { needed, warnings: [{ code: 'OFFLINE_ACCESS_FILTERED', requirement: 'S-01', message }] }
}

function asymmetric(algorithms: readonly string[]): readonly string[] {
  const wrong = algorithms.find((algorithm) => !asymmetricAlgorithms.includes(algorithm))
  if (wrong !== undefined || algorithms.length === 0) {
    throw new ResourceServerError(
      'ALGORITHM_NOT_ALLOWED',
      `Expected algorithms among ${asymmetricAlgorithms.join(', ')}, got ` +
        `${wrong === undefined ? 'none' : showRemote(wrong)}. An access token is signed with a key ` +
        'that this server does not have.',
    )
  }
  return algorithms
}

function tolerance(seconds: number): number {
  if (seconds >= 0 && seconds <= 60) return seconds
  throw new ResourceServerError(
    'OPTION_INVALID',
    `Expected clockToleranceSeconds from 0 to 60, got ${seconds}. A larger one would keep ` +
      'expired tokens in use; correct the clocks instead.',
  )
}
