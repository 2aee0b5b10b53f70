import type { AuthorizationServerMetadata } from '../metadata/authorization-server-metadata.ts'
import type { ProfileParameters } from '../provider/select-profile.ts'
import type { ScopeDecision } from './negotiate-scope.ts'

/** What an authorization request contains. The caller draws `state` and the code verifier. */
export interface AuthorizationUrlInput {
  readonly clientId: string
  readonly redirectUri: string
  readonly state: string
  /** Of the method S256. */
  readonly codeChallenge: string
  /** From {@link negotiateScope}. */
  readonly decision: Pick<ScopeDecision, 'prompt' | 'scope'>
  /** From {@link applyProviderProfile}. */
  readonly fromProfile: Pick<ProfileParameters, 'authorizationParameters' | 'resource'>
}

/**
 * Builds the URL of an authorization request with PKCE, `state` and `resource`. A parameter of the
 * endpoint's own query stays, unless the request has one of the same name.
 *
 * @param authorizationServer - Validated metadata: its endpoint is opened in the user's browser.
 * @see RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2
 */
export function buildAuthorizationUrl(
  authorizationServer: Pick<AuthorizationServerMetadata, 'authorization_endpoint'>,
  input: AuthorizationUrlInput,
): string {
  const { decision, fromProfile } = input
  const url = new URL(authorizationServer.authorization_endpoint)
  const parameters: Readonly<Record<string, string | undefined>> = {
    ...fromProfile.authorizationParameters,
    response_type: 'code',
    client_id: input.clientId,
    redirect_uri: input.redirectUri,
    state: input.state,
    code_challenge: input.codeChallenge,
    code_challenge_method: 'S256',
    resource: fromProfile.resource,
    scope: decision.scope,
    prompt: decision.prompt.prompt,
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return url.href
}
