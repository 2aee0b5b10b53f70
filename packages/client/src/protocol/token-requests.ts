import type {
  AuthorizationServerMetadata,
  ProviderProfile,
  TokenErrorDecision,
  TokenResponse,
} from '@evergrant/core'
import {
  applyProviderProfile,
  classifyTokenError,
  parseTokenResponse,
  ProtocolError,
} from '@evergrant/core'
import * as oauth from 'oauth4webapi'
import type { Clock } from '../lib/clock.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import type { Grant, PrivateJwk } from '../grant/grant.ts'
import type { ExchangeResult } from '../grant/refresh-exchange.ts'
import { isObject } from '../lib/is-object.ts'
import type { PendingAuthorization } from './authorization.ts'
import type { DpopProver } from './dpop.ts'
import { formEncode } from './form-encode.ts'
import type { HttpOptions } from './http.ts'
import { asUnavailable, boundedFetch, NoAnswerError, parseJson, systemCodeOf } from './http.ts'
import { createRedactor, redactMembers } from './redact-secrets.ts'
import type { ClientRegistration } from './registration.ts'

/** To whom token requests go, and as whom. */
export interface TokenRequestOptions extends HttpOptions {
  readonly authorizationServer: AuthorizationServerMetadata
  readonly registration: ClientRegistration
  readonly profile: ProviderProfile
  readonly clock: Clock
  /** Makes the proofs for grants whose tokens are bound to a key (RFC 9449). */
  readonly dpop?: DpopProver | undefined
}

/**
 * Exchanges an authorization code (RFC 6749 §4.1.3) with the `resource` it was asked for (C-34).
 *
 * @param callbackParameters - As `validateAuthResponse` returned them.
 * @param dpopKey - The key to bind the tokens to, if any.
 */
export async function exchangeAuthorizationCode(
  callbackParameters: URLSearchParams,
  pending: PendingAuthorization,
  options: TokenRequestOptions,
  dpopKey?: PrivateJwk,
): Promise<TokenResponse> {
  let answer: TokenAnswer
  try {
    const secrets = [callbackParameters.get('code'), pending.codeVerifier, pending.state]
    answer = await ask(options, dpopKey, 'code-exchange', secrets, async (dpop) =>
      oauth.authorizationCodeGrantRequest(
        serverOf(options),
        clientOf(options),
        clientAuthentication(options.registration),
        callbackParameters,
        pending.redirectUri,
        pending.codeVerifier,
        { ...requestOptions(options, pending.resource), ...dpop },
      ),
    )
  } catch (error) {
    throw asUnavailable(error, 'The authorization code could not be exchanged')
  }
  if ('body' in answer) return readTokens(answer.body)
  const { decision } = answer
  throw new EvergrantClientError(
    decision.outcome === 'transient' ? 'TEMPORARILY_UNAVAILABLE' : 'TOKEN_REQUEST_REFUSED',
    `The authorization code brought no tokens: ${decision.explanation}${described(decision)} Start the sign-in again${decision.outcome === 'transient' ? ' later' : ''}.`,
    {
      oauthError: decision.oauthError,
      retryAfterSeconds: decision.outcome === 'transient' ? decision.retryAfterSeconds : undefined,
    },
  )
}

/**
 * Sends one refresh request (RFC 6749 §6) with the grant's `resource` (C-34), and tells its
 * failures apart (C-53). It sends no `scope`, which leaves it unchanged (C-03, C-24), unless the
 * provider's profile needs it repeated.
 */
export async function refreshRequest(
  grant: Grant,
  options: TokenRequestOptions,
): Promise<ExchangeResult> {
  const refreshToken = grant.tokenSet?.refreshToken
  if (refreshToken === undefined) {
    throw new EvergrantClientError('INVALID_OPTION', 'A grant without refresh token was refreshed.')
  }
  const scope = options.profile.refreshScope === 'granted' ? grant.tokenSet?.scope : undefined
  let answer: TokenAnswer
  try {
    answer = await ask(options, grant.dpopKey, 'refresh', [refreshToken], async (dpop) =>
      oauth.refreshTokenGrantRequest(
        serverOf(options),
        clientOf(options),
        clientAuthentication(options.registration),
        refreshToken,
        { ...requestOptions(options, grant.identity.resource, scope), ...dpop },
      ),
    )
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error
    return {
      kind: 'failed',
      outcome: 'transient',
      detail: error.message,
      answered: false,
      endpointMissing: systemCodeOf(error.cause) === 'ENOTFOUND',
    }
  }
  if ('body' in answer) {
    try {
      return { kind: 'tokens', response: readTokens(answer.body) }
    } catch (error) {
      if (!EvergrantClientError.is(error)) throw error
      // The server may have rotated the token in an answer that nobody can read.
      return { kind: 'failed', outcome: 'transient', detail: error.message, answered: false }
    }
  }
  const { decision, status } = answer
  return {
    kind: 'failed',
    // Asked for a nonce it was given already, or without being sent a proof: configuration.
    outcome: decision.outcome === 'use-dpop-nonce' ? 'request-refused' : decision.outcome,
    detail: `${decision.explanation}${described(decision)}`,
    oauthError: decision.oauthError,
    retryAfterSeconds: decision.outcome === 'transient' ? decision.retryAfterSeconds : undefined,
    unexplained: decision.reason === 'empty-bad-request',
    answered: !mayComeFromBetween(decision, status),
    endpointMissing: !endsSomething(decision) && isNoEndpoint(status),
  }
}

type TokenAnswer =
  | { readonly body: unknown }
  | { readonly decision: TokenErrorDecision; readonly status: number }

/** Only a token endpoint says so, whatever status it says it with. */
function endsSomething({ outcome }: TokenErrorDecision): boolean {
  return outcome === 'grant-ended' || outcome === 'registration-ended'
}

/**
 * What a gateway or a server that broke down on the way back answers: it may have rotated the
 * refresh token before. One that says when to come back knows what it is doing.
 */
function mayComeFromBetween(decision: TokenErrorDecision, status: number): boolean {
  return (
    decision.outcome === 'transient' &&
    decision.retryAfterSeconds === undefined &&
    (status === 500 || status === 502 || status === 504)
  )
}

/** What web servers answer at an address that was given up; their pages and bodies vary. */
function isNoEndpoint(status: number): boolean {
  return status === 404 || status === 405 || status === 410 || (status >= 300 && status < 400)
}

/**
 * Sends a token request, and once more where the server wants its nonce in the proof.
 *
 * @param secrets - What the request carries besides the client's own: taken out of the answer, except
 *   where the answer's tokens belong.
 */
async function ask(
  options: TokenRequestOptions,
  dpopKey: PrivateJwk | undefined,
  during: 'refresh' | 'code-exchange',
  secrets: readonly (string | null)[],
  send: (dpop: Pick<oauth.TokenEndpointRequestOptions, 'DPoP'>) => Promise<Response>,
): Promise<TokenAnswer> {
  const handle = dpopKey === undefined ? undefined : await options.dpop?.handle(dpopKey)
  for (let attempt = 1; ; attempt += 1) {
    const response = await send(handle === undefined ? {} : { DPoP: handle })
    const body = await readBody(response, [...secrets, ...secretsOf(options.registration)])
    if (response.ok && body.json !== undefined && !isErrorBody(body.json)) {
      return { body: body.json }
    }
    const decision = decide(response, body, options, during)
    // The nonce came with this very answer; nothing was done with the token or code yet.
    const wantsNonce = decision.outcome === 'use-dpop-nonce' && handle !== undefined
    if (!wantsNonce || attempt > 1) return { decision, status: response.status }
  }
}

/** How a revocation went. */
export type RevocationOutcome =
  | { readonly outcome: 'revoked' }
  /** The server has no revocation endpoint: the grant ends by itself, some day. */
  | { readonly outcome: 'not-supported' }
  /** The server refused with an OAuth error; asking again would not help. */
  | { readonly outcome: 'refused'; readonly detail: string }
  /** No answer, or one that may not be the server's last word: try again later. */
  | { readonly outcome: 'unavailable'; readonly detail: string }

/** Revokes a refresh or access token (RFC 7009). Failures are outcomes; nothing is thrown. */
export async function revokeToken(
  token: string,
  hint: 'refresh_token' | 'access_token',
  options: TokenRequestOptions,
): Promise<RevocationOutcome> {
  if (options.authorizationServer.revocation_endpoint === undefined) {
    return { outcome: 'not-supported' }
  }
  let response: Response
  try {
    response = await oauth.revocationRequest(
      serverOf(options),
      clientOf(options),
      clientAuthentication(options.registration),
      token,
      {
        ...transport(options, options.authorizationServer.revocation_endpoint),
        additionalParameters: { token_type_hint: hint },
      },
    )
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error
    return { outcome: 'unavailable', detail: error.message }
  }
  if (response.ok) return { outcome: 'revoked' }
  // RFC 7009 §2.2.1: it refuses as the token endpoint does, with an OAuth error. What proxies and
  // portals answer is no reason to leave a token alive.
  const body = await readBody(response, [token, ...secretsOf(options.registration)])
  const decision = decide(response, body, options, 'refresh')
  const detail = `the revocation endpoint answered with status ${response.status}${described(decision)}`
  const refused = decision.oauthError !== undefined && decision.outcome !== 'transient'
  return { outcome: refused ? 'refused' : 'unavailable', detail }
}

const tokenMembers = ['access_token', 'refresh_token']

interface AnswerBody {
  /** `undefined` where the text is not JSON. */
  readonly json: unknown
  readonly text: string
}

/**
 * Reads the body of an answer. Servers echo what they got, in descriptions and
 * elsewhere (C-06): no secret of the request is left in it, and of the answer's own tokens none
 * outside the members that hold them. The text only tells what kind of answer it is.
 */
async function readBody(
  response: Response,
  secrets: readonly (string | null)[],
): Promise<AnswerBody> {
  const text = await response.text()
  const json = parseJson(text)
  if (!isObject(json)) return { json, text }
  const issued = tokenMembers
    .map((member) => json[member])
    .filter((token) => typeof token === 'string')
  const redact = createRedactor([...secrets, ...issued])
  return { json: redactMembers(json, redact, tokenMembers), text }
}

/** What authenticates the client, in the forms in which it is sent. */
function secretsOf({ clientId, clientSecret }: ClientRegistration): readonly string[] {
  return clientSecret === undefined ? [] : [clientSecret, basicCredentials(clientId, clientSecret)]
}

/** Some servers send OAuth errors with status 200. */
function isErrorBody(body: unknown): boolean {
  return isObject(body) && 'error' in body && !('access_token' in body)
}

function readTokens(body: unknown): TokenResponse {
  try {
    return parseTokenResponse(body)
  } catch (error) {
    if (!ProtocolError.is(error)) throw error
    throw new EvergrantClientError('TOKEN_RESPONSE_INVALID', error.message, { cause: error })
  }
}

function decide(
  response: Response,
  { json, text }: AnswerBody,
  options: TokenRequestOptions,
  during: 'refresh' | 'code-exchange',
): TokenErrorDecision {
  return classifyTokenError(
    {
      status: response.status,
      contentType: response.headers.get('content-type'),
      body: isObject(json) ? json : text,
      retryAfter: response.headers.get('retry-after'),
    },
    {
      during,
      nowEpochSeconds: options.clock.nowEpochSeconds(),
      grantEndedErrors: options.profile.grantEndedErrors,
    },
  )
}

function described({ oauthError, oauthErrorDescription }: TokenErrorDecision): string {
  if (oauthError === undefined) return ''
  const description =
    oauthErrorDescription === undefined ? '' : `: ${quote(oauthErrorDescription, 300)}`
  return ` (${quote(oauthError)}${description})`
}

function serverOf(options: TokenRequestOptions): oauth.AuthorizationServer {
  const { issuer, token_endpoint, revocation_endpoint } = options.authorizationServer
  return {
    issuer,
    token_endpoint,
    ...(revocation_endpoint === undefined ? {} : { revocation_endpoint }),
  }
}

function clientOf(options: TokenRequestOptions): oauth.Client {
  return { client_id: options.registration.clientId }
}

function clientAuthentication(registration: ClientRegistration): oauth.ClientAuth {
  const { clientSecret, tokenEndpointAuthMethod } = registration
  if (clientSecret === undefined || tokenEndpointAuthMethod === 'none') return oauth.None()
  return tokenEndpointAuthMethod === 'client_secret_post'
    ? oauth.ClientSecretPost(clientSecret)
    : clientSecretBasic(clientSecret)
}

/**
 * HTTP Basic authentication with the ID and secret form-encoded first (RFC 6749 §2.3.1), by the
 * form encoding of browsers, which leaves `-`, `.`, `_` and `*` as they are. Strict encoders
 * encode them too; servers that never decode, of which there are many, then know nobody by that
 * name, while servers that decode read both alike.
 */
function clientSecretBasic(clientSecret: string): oauth.ClientAuth {
  return (_authorizationServer, client, _body, headers) => {
    headers.set('authorization', `Basic ${basicCredentials(client.client_id, clientSecret)}`)
  }
}

function basicCredentials(clientId: string, clientSecret: string): string {
  return btoa(`${formEncode(clientId)}:${formEncode(clientSecret)}`)
}

function requestOptions(
  options: TokenRequestOptions,
  resource: string,
  scope?: string,
): oauth.TokenEndpointRequestOptions {
  const fromProfile = applyProviderProfile(options.profile, resource)
  return {
    ...transport(options, options.authorizationServer.token_endpoint),
    additionalParameters: {
      ...(fromProfile.resource === undefined ? {} : { resource: fromProfile.resource }),
      ...(scope === undefined ? {} : { scope }),
    },
  }
}

function transport(
  options: TokenRequestOptions,
  endpoint: string,
): Pick<
  oauth.TokenEndpointRequestOptions,
  typeof oauth.customFetch | typeof oauth.allowInsecureRequests
> {
  return {
    [oauth.customFetch]: boundedFetch(options),
    // Metadata with an http endpoint is refused by `core`, except on loopback.
    [oauth.allowInsecureRequests]: new URL(endpoint).protocol === 'http:',
  }
}
