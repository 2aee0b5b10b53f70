import type { TokenResponse } from '@evergrant/core'
import * as oauth from 'oauth4webapi'
import type { PrivateJwk } from '../grant/grant.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import {
  clientAuthentication,
  mayConcernAuthentication,
  withOtherAuthentication,
} from './client-authentication.ts'
import { asUnavailable } from './unavailable.ts'
import type { PendingAuthorization } from './pending-authorization.ts'
import { adviceForRefusal } from './refusal-advice.ts'
import type { ClientRegistration } from './registration.ts'
import { describeDecision, readTokens } from './token-answer.ts'
import type { TokenAnswer, TokenRequestOptions } from './token-endpoint.ts'
import { oauthClient, oauthServer, tokenRequestOptions } from './oauth4webapi-options.ts'
import { requestTokens } from './token-endpoint.ts'

/** The result of a code exchange. */
export interface ExchangedCode {
  readonly response: TokenResponse
  /** The client, with the authentication method that the server accepted. */
  readonly registration: ClientRegistration
}

/**
 * Exchanges an authorization code (RFC 6749 §4.1.3) with the `resource` of its request (C-34). If the
 * server does not recognize the client, the request is repeated once with the secret in another place:
 * a server authenticates the client before it uses the code.
 *
 * @param callbackParameters - As `validateAuthResponse` returned them.
 * @param dpopKey - The key to bind the tokens to, if any.
 */
export async function exchangeAuthorizationCode(
  callbackParameters: URLSearchParams,
  pending: PendingAuthorization,
  options: TokenRequestOptions,
  dpopKey?: PrivateJwk,
): Promise<ExchangedCode> {
  const { registration } = options
  const answer = await sendCode(callbackParameters, pending, options, dpopKey)
  if ('body' in answer) return { response: readTokens(answer.body), registration }
  const other = mayConcernAuthentication(answer.decision)
    ? withOtherAuthentication(registration)
    : undefined
  if (other !== undefined) {
    const repeated = { ...options, registration: other }
    const second = await sendCode(callbackParameters, pending, repeated, dpopKey)
    if ('body' in second) return { response: readTokens(second.body), registration: other }
  }
  throw exchangeRefused(answer, pending, options)
}

async function sendCode(
  callbackParameters: URLSearchParams,
  pending: PendingAuthorization,
  options: TokenRequestOptions,
  dpopKey: PrivateJwk | undefined,
): Promise<TokenAnswer> {
  const secrets = [callbackParameters.get('code'), pending.codeVerifier, pending.state]
  try {
    return await requestTokens(options, dpopKey, 'code-exchange', secrets, async (dpop) =>
      oauth.authorizationCodeGrantRequest(
        oauthServer(options),
        oauthClient(options),
        clientAuthentication(options.registration),
        callbackParameters,
        pending.redirectUri,
        pending.codeVerifier,
        { ...tokenRequestOptions(options, pending.resource), ...dpop },
      ),
    )
  } catch (error) {
    throw asUnavailable(error, 'The authorization code could not be exchanged')
  }
}

function exchangeRefused(
  { decision, status }: Extract<TokenAnswer, { decision: unknown }>,
  pending: PendingAuthorization,
  { authorizationServer }: TokenRequestOptions,
): EvergrantClientError {
  if (decision.reason === 'unreadable-success') {
    return new EvergrantClientError(
      'TOKEN_RESPONSE_INVALID',
      `The authorization code could not be exchanged at ${authorizationServer.token_endpoint}: ${decision.explanation} Ask the operator of the authorization server.`,
    )
  }
  const isTransient = decision.outcome === 'transient'
  const { oauthError, oauthErrorDescription } = decision
  const advised = ['invalid_target', 'invalid_scope', 'invalid_client', 'unauthorized_client']
  const next =
    oauthError !== undefined && advised.includes(oauthError)
      ? adviceForRefusal(oauthError, pending)
      : `Start the sign-in again${isTransient ? ' later' : ''}.`
  return new EvergrantClientError(
    isTransient ? 'TEMPORARILY_UNAVAILABLE' : 'TOKEN_REQUEST_REFUSED',
    `The authorization code could not be exchanged at ${authorizationServer.token_endpoint} (status ${status}): ${describeDecision(decision)} ${next}`,
    {
      oauthError,
      oauthErrorDescription,
      retryAfterSeconds: isTransient ? decision.retryAfterSeconds : undefined,
    },
  )
}
