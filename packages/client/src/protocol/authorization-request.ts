import type { ScopeDecision } from '@evergrant/core'
import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import type { ProviderProfile } from '@evergrant/core/providers'
import { buildAuthorizationUrl } from '@evergrant/core/authorization'
import { decidePkce } from '@evergrant/core/metadata'
import { applyProviderProfile } from '@evergrant/core/providers'
import * as oauth from 'oauth4webapi'
import type { Assumption } from '../lib/assumption.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import type { PendingAuthorization } from './pending-authorization.ts'
import type { ClientRegistration } from './registration.ts'

/** What an authorization request is made from. */
export interface AuthorizationRequestInput {
  readonly authorizationServer: AuthorizationServerMetadata
  readonly registration: ClientRegistration
  readonly redirectUri: string
  readonly resource: string
  readonly scope: ScopeDecision
  readonly profile: ProviderProfile
  readonly nowEpochSeconds: number
  readonly wantsRefreshToken?: boolean | undefined
  /**
   * Continue with S256 if the metadata does not mention PKCE. Default `false`, as the MCP
   * specification requires (C-33).
   */
  readonly assumePkceS256?: boolean | undefined
  /** Whether the tokens are to be bound to a key (RFC 9449). Default `false`. */
  readonly bindTokens?: boolean | undefined
}

/** An authorization request: where to send the user, and what to keep until the response. */
export interface AuthorizationRequest {
  readonly authorizationUrl: string
  readonly pending: PendingAuthorization
  /** Deviations from the standards that this product requires. */
  readonly assumptions: readonly Assumption[]
}

/**
 * Makes an authorization request with PKCE, `state` and `resource` (C-33, C-34, C-36).
 *
 * @throws EvergrantClientError `PKCE_NOT_SUPPORTED`
 */
export async function beginAuthorization(
  input: AuthorizationRequestInput,
): Promise<AuthorizationRequest> {
  const { authorizationServer, registration, redirectUri, resource, scope, profile } = input
  const pkce = decidePkce(authorizationServer, {
    assumeS256: input.assumePkceS256,
    knownProduct: profile.pkceS256 === 'known' ? profile.name : undefined,
  })
  if (pkce.action === 'refuse') {
    // A list without S256 is a statement of the server, and no option overrides it.
    const advice =
      pkce.reason === 'not-advertised'
        ? ` If you know that ${quote(authorizationServer.issuer)} supports S256, set the option assumePkceS256, or use --assume-pkce-s256 on the command line.`
        : ''
    throw new EvergrantClientError('PKCE_NOT_SUPPORTED', `${pkce.explanation}${advice}`)
  }
  const state = oauth.generateRandomState()
  const codeVerifier = oauth.generateRandomCodeVerifier()
  const fromProfile = applyProviderProfile(profile, resource, {
    wantsRefreshToken: input.wantsRefreshToken,
  })
  const authorizationUrl = buildAuthorizationUrl(authorizationServer, {
    clientId: registration.clientId,
    redirectUri,
    state,
    codeChallenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    decision: scope,
    fromProfile,
  })
  return {
    authorizationUrl,
    pending: {
      state,
      codeVerifier,
      issuer: authorizationServer.issuer,
      resource,
      clientId: registration.clientId,
      redirectUri,
      scope: scope.scope,
      createdAtEpochSeconds: input.nowEpochSeconds,
      ...(input.bindTokens === true ? { bindTokens: true } : {}),
    },
    assumptions: [
      ...(pkce.reason === 'advertised'
        ? []
        : [{ code: 'pkce-s256-assumed' as const, message: pkce.explanation }]),
      ...fromProfile.warnings.map((message) => ({ code: 'resource-omitted' as const, message })),
    ],
  }
}
