import type {
  AuthorizationServerMetadata,
  ProviderProfile,
  ScopeDecision,
  TokenSet,
} from '@evergrant/core'
import {
  applyProviderProfile,
  cleanRemoteText,
  decideIssuer,
  decidePkce,
  mergeTokenResponse,
} from '@evergrant/core'
import * as oauth from 'oauth4webapi'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import type { PrivateJwk } from '../grant/grant.ts'
import { generateDpopKey } from './dpop.ts'
import { createRedactor } from './redact-secrets.ts'
import type { ClientRegistration } from './registration.ts'
import type { TokenRequestOptions } from './token-requests.ts'
import { exchangeAuthorizationCode } from './token-requests.ts'

/**
 * A sign-in under way: all that must survive between the authorization request and its response,
 * perhaps in another process or on another machine. Plain data, and secret: it holds the PKCE
 * verifier.
 */
export interface PendingAuthorization {
  readonly state: string
  readonly codeVerifier: string
  /** Recorded before the browser leaves, from validated metadata: what `iss` is compared with. */
  readonly issuer: string
  readonly resource: string
  readonly clientId: string
  readonly redirectUri: string
  /** What was asked for; `undefined` where no `scope` was sent. */
  readonly scope: string | undefined
  readonly createdAtEpochSeconds: number
  /** Whether the tokens are to be bound to a key. Default `false`. */
  readonly bindTokens?: boolean
}

/** What an authorization request is made of. */
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
   * Go on with S256 where the metadata says nothing about PKCE. Default `false`, as the MCP
   * specification demands (C-33).
   */
  readonly assumePkceS256?: boolean | undefined
  /** Whether the tokens are to be bound to a key (RFC 9449). Default `false`. */
  readonly bindTokens?: boolean | undefined
}

/** An authorization request: where to send the person, and what to keep until they are back. */
export interface AuthorizationRequest {
  readonly authorizationUrl: string
  readonly pending: PendingAuthorization
  /** What deviates from the standards for this product's sake, in plain words. */
  readonly warnings: readonly string[]
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
  const pkce = decidePkce(authorizationServer, { assumeS256: input.assumePkceS256 })
  if (pkce.action === 'refuse') {
    throw new EvergrantClientError(
      'PKCE_NOT_SUPPORTED',
      `${pkce.explanation} If you know that ${quote(authorizationServer.issuer)} supports S256 all the same, say so with assumePkceS256.`,
    )
  }
  const state = oauth.generateRandomState()
  const codeVerifier = oauth.generateRandomCodeVerifier()
  const fromProfile = applyProviderProfile(profile, resource, {
    wantsRefreshToken: input.wantsRefreshToken,
  })
  const url = new URL(authorizationServer.authorization_endpoint)
  const parameters: Readonly<Record<string, string | undefined>> = {
    ...fromProfile.authorizationParameters,
    response_type: 'code',
    client_id: registration.clientId,
    redirect_uri: redirectUri,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    resource: fromProfile.resource,
    scope: scope.scope,
    prompt: scope.prompt.prompt,
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return {
    authorizationUrl: url.href,
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
    warnings:
      pkce.reason === 'assumed-by-option'
        ? [pkce.explanation, ...fromProfile.warnings]
        : fromProfile.warnings,
  }
}

/** A finished sign-in. */
export interface CompletedAuthorization {
  readonly tokenSet: TokenSet
  /** What was asked for and not granted (C-56). */
  readonly missingScopes: readonly string[]
  /** The key the tokens are bound to; absent where they are bearer tokens. */
  readonly dpopKey?: PrivateJwk
}

/**
 * Checks an authorization response and exchanges its code.
 *
 * The issuer is checked first, by the four-row table of the specification (C-35): of a response
 * that fails it, nothing is used and nothing is shown. No `scope` is sent with the code: RFC 6749
 * §4.1.3 defines none (C-03).
 *
 * @param callbackUrl - The redirect URI with the response's parameters, as it was received.
 * @throws EvergrantClientError `AUTHORIZATION_RESPONSE_INVALID`, `SIGN_IN_FAILED`,
 *   `TOKEN_REQUEST_REFUSED`, `TOKEN_RESPONSE_INVALID`, `TEMPORARILY_UNAVAILABLE`
 */
export async function completeAuthorization(
  callbackUrl: string,
  pending: PendingAuthorization,
  options: TokenRequestOptions,
): Promise<CompletedAuthorization> {
  const parameters = parametersOf(callbackUrl)
  checkIssuer(parameters, pending, options.authorizationServer)
  const validated = checkResponse(parameters, pending, options)
  const sentAtEpochSeconds = options.clock.nowEpochSeconds()
  const dpopKey = pending.bindTokens === true ? await generateDpopKey() : undefined
  const response = await exchangeAuthorizationCode(validated, pending, options, dpopKey)
  const { tokenSet, missingScopes } = mergeTokenResponse(undefined, response, {
    nowEpochSeconds: sentAtEpochSeconds,
    requestedScope: pending.scope,
  })
  // A server that answers a proof with a bearer token has bound nothing: the key is of no use.
  return dpopKey !== undefined && tokenSet.tokenType === 'DPoP'
    ? { tokenSet, missingScopes, dpopKey }
    : { tokenSet, missingScopes }
}

function parametersOf(callbackUrl: string): URLSearchParams {
  if (!URL.canParse(callbackUrl)) {
    // The text may hold a code, so it is not repeated.
    throw new EvergrantClientError(
      'AUTHORIZATION_RESPONSE_INVALID',
      'The authorization response is not an absolute URL. Pass the whole URL that the browser was redirected to.',
    )
  }
  return new URL(callbackUrl).searchParams
}

function checkIssuer(
  parameters: URLSearchParams,
  pending: PendingAuthorization,
  authorizationServer: AuthorizationServerMetadata,
): void {
  if (authorizationServer.issuer !== pending.issuer) {
    throw new EvergrantClientError(
      'AUTHORIZATION_RESPONSE_INVALID',
      'The authorization response was matched with the metadata of another authorization server. Start the sign-in again.',
    )
  }
  const [iss, ...others] = parameters.getAll('iss')
  const decision = decideIssuer(iss, pending.issuer, authorizationServer)
  if (decision.action === 'reject' || others.length > 0) {
    throw new EvergrantClientError(
      'AUTHORIZATION_RESPONSE_INVALID',
      `${decision.explanation} The code was not sent anywhere. If this repeats, the MCP server or somebody in between mixes up authorization servers: do not sign in.`,
    )
  }
}

function checkResponse(
  parameters: URLSearchParams,
  pending: PendingAuthorization,
  options: TokenRequestOptions,
): URLSearchParams {
  // oauth4webapi compares as plain strings; the state decides first, and in constant time.
  if (!constantTimeEqual(parameters.get('state') ?? '', pending.state)) {
    throw new EvergrantClientError(
      'AUTHORIZATION_RESPONSE_INVALID',
      'The authorization response carries another state than the request: it belongs to another sign-in, or somebody forged it. Start the sign-in again.',
    )
  }
  try {
    const validated = oauth.validateAuthResponse(
      { ...options.authorizationServer } as oauth.AuthorizationServer,
      { client_id: pending.clientId },
      parameters,
      pending.state,
    )
    // oauth4webapi looks at the code only when it is about to send it.
    const [code, ...others] = parameters.getAll('code')
    if (code !== undefined && code !== '' && others.length === 0) return validated
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) {
      // Servers echo what they got (C-06): the state, and with it perhaps more.
      const redact = createRedactor([pending.state, pending.codeVerifier, parameters.get('code')])
      const redacted = (name: string) => redact(parameters.get(name) ?? '')
      const oauthError = cleanRemoteText(redacted('error'), 100) ?? 'an empty error'
      const description = cleanRemoteText(redacted('error_description'))
      throw new EvergrantClientError(
        'SIGN_IN_FAILED',
        `The authorization server answered the sign-in with ${quote(oauthError)}${description === undefined ? '' : ` (${quote(description, 300)})`}. ${adviceFor(oauthError)}`,
        { oauthError },
      )
    }
  }
  throw new EvergrantClientError(
    'AUTHORIZATION_RESPONSE_INVALID',
    'The authorization response has neither code nor error, or has one of them twice. Start the sign-in again.',
  )
}

function adviceFor(error: string): string {
  switch (error) {
    case 'access_denied':
      return 'The person, or a policy there, declined. Sign in again to be asked once more.'
    case 'invalid_scope':
      return 'It does not grant this scope to this client: ask its operator, or request less.'
    case 'invalid_target':
      return 'It does not know this MCP server as a resource: its operator has to register it.'
    case 'temporarily_unavailable':
    case 'server_error':
      return 'It is in trouble: try again later.'
    default:
      return 'Its operator can tell from its logs what it objects to.'
  }
}

/** Compares secrets without telling by the time taken where they differ. */
function constantTimeEqual(one: string, other: string): boolean {
  const encoder = new TextEncoder()
  const [a, b] = [encoder.encode(one), encoder.encode(other)]
  let difference = a.length ^ b.length
  for (const [index, byte] of b.entries()) difference |= byte ^ (a[index] ?? 0)
  return difference === 0
}
