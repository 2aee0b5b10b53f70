import type { DpopOptions } from '../dpop/options.ts'
import { createProofVerifier } from '../dpop/verify-proof.ts'
import type { ProofVerifier } from '../dpop/verify-proof.ts'
import { whenKnown } from '../lib/maybe-promise.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import type { VerifiedAccessToken } from '../token/verification.ts'
import { authenticate, rememberedToken } from './authenticate.ts'
import { setRecall } from './recall.ts'
import { RememberedToken } from '../token/remembered-token.ts'
import type { AccessRequest, TokenScheme } from './credentials.ts'
import type { AccessDecision, AuthenticationDecision } from './decision.ts'
import { assertAllowedOrigins, decideCrossOrigin } from './cross-origin.ts'
import type { CrossOriginDecision, CrossOriginRequest } from './cross-origin.ts'
import { scopeDecider } from './decide-scopes.ts'
import { tokenSettings } from './options.ts'
import type { ResourceServerOptions, TokenSettings } from './options.ts'
import { createTokenVerifier } from './token-verifier.ts'
import type { TrustedAuthorizationServer } from './trusted-authorization-server.ts'
import { protectedResourceMetadata, protectedResourceMetadataUrl } from '../metadata/metadata.ts'
import type { ProtectedResourceMetadataDocument } from '../metadata/metadata.ts'
import { checkScopes } from '../scope/check-scopes.ts'
import { createScopeHierarchy } from '../scope/scopes.ts'
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
   * @returns The decision at once for a bearer token that is remembered, otherwise a promise. `await` works for
   *   both.
   * @param challengeScopes - The scopes of the challenge if there is no valid token (S-11).
   *   Default: `scopes_supported` of the metadata. `offline_access` is left out and reported in the
   *   warnings of the refusal.
   * @throws {ResourceServerError} `SCOPE_INVALID` if an entry is not a scope token.
   */
  authenticate(
    request: AccessRequest,
    challengeScopes?: readonly string[],
  ): MaybePromise<AuthenticationDecision>
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
  authorize(
    request: AccessRequest,
    requiredScopes?: readonly string[],
  ): MaybePromise<AccessDecision>
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
  const scopeHierarchy = createScopeHierarchy(options.scopeImplications)
  const { allowedOrigins } = options
  assertAllowedOrigins(allowedOrigins)
  const settings = tokenSettings(resource, options)
  const proofs = proofVerifier(resource, options.dpop, settings)
  const challenges = {
    metadataUrl,
    schemes: schemesOf(proofs),
    proofAlgorithms: proofs?.algorithms ?? [],
  }
  const means = {
    tokens: createTokenVerifier(trusted, settings, options.fetch ?? fetch),
    proofs,
    isDenied: options.isDenied,
    challenges,
  }
  const decideRequired = scopeDecider(scopeHierarchy, challenges)
  const ordinaryScopes = checkScopes(metadata.scopes_supported ?? [])

  const resourceServer: ResourceServer = {
    resource,
    metadata,
    metadataUrl,
    scopes: scopeHierarchy,
    authenticate(request, challengeScopes) {
      const remembered = rememberedToken(means, request.authorization, request.url)
      if (remembered !== undefined) return { authenticated: true, token: remembered }
      const challenged =
        challengeScopes === undefined ? ordinaryScopes : checkScopes(challengeScopes)
      return authenticate(means, request, challenged)
    },
    decideScopes: (token, requiredScopes = []) => decideRequired(token, requiredScopes),
    authorize(request, requiredScopes = []) {
      const remembered = rememberedToken(means, request.authorization, request.url)
      if (remembered !== undefined) return decideRequired(remembered, requiredScopes)
      const challenged = checkScopes(requiredScopes)
      return whenKnown(authenticate(means, request, challenged), (decision) =>
        decision.authenticated
          ? withNonce(decideRequired(decision.token, requiredScopes), decision.dpopNonce)
          : decision.refusal,
      )
    },
    crossOrigin: (request) => decideCrossOrigin(allowedOrigins, request),
  }
  setRecall(resourceServer, (authorization, url, scopes) => {
    const token = rememberedToken(means, authorization, url)
    const isAllowed =
      token !== undefined &&
      RememberedToken.lastSufficient(token, scopeHierarchy, scopes) !== undefined
    return isAllowed ? token : undefined
  })
  return resourceServer
}

function proofVerifier(
  resource: string,
  options: DpopOptions | undefined,
  { clock, clockToleranceSeconds }: TokenSettings,
): ProofVerifier | undefined {
  if (options === undefined) return undefined
  return createProofVerifier(options, resource, clock, clockToleranceSeconds)
}

/** Bearer first, because some clients read only the first challenge. */
function schemesOf(proofs: ProofVerifier | undefined): readonly TokenScheme[] {
  if (proofs === undefined) return ['Bearer']
  return proofs.isRequired ? ['DPoP'] : ['Bearer', 'DPoP']
}

function withNonce(decision: AccessDecision, dpopNonce: string | undefined): AccessDecision {
  return dpopNonce === undefined ? decision : { ...decision, dpopNonce }
}
