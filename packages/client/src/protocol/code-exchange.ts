import type { TokenResponse } from '@evergrant/core'
import * as oauth from 'oauth4webapi'
import type { PrivateJwk } from '../grant/grant.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import { clientAuthentication } from './client-authentication.ts'
import { asUnavailable } from './http.ts'
import type { PendingAuthorization } from './pending-authorization.ts'
import { describeDecision, readTokens } from './token-answer.ts'
import type { TokenAnswer, TokenRequestOptions } from './token-endpoint.ts'
import { oauthClient, oauthServer, requestTokens, tokenRequestOptions } from './token-endpoint.ts'

/**
 * Exchanges an authorization code (RFC 6749 §4.1.3) with the `resource` of its request (C-34).
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
    answer = await requestTokens(options, dpopKey, 'code-exchange', secrets, async (dpop) =>
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
  if ('body' in answer) return readTokens(answer.body)
  const { decision } = answer
  if (decision.reason === 'unreadable-success') {
    throw new EvergrantClientError(
      'TOKEN_RESPONSE_INVALID',
      `The authorization code could not be exchanged: ${decision.explanation} Ask the operator of the authorization server.`,
    )
  }
  const isTransient = decision.outcome === 'transient'
  throw new EvergrantClientError(
    isTransient ? 'TEMPORARILY_UNAVAILABLE' : 'TOKEN_REQUEST_REFUSED',
    `The authorization code could not be exchanged: ${describeDecision(decision)} Start the sign-in again${isTransient ? ' later' : ''}.`,
    {
      oauthError: decision.oauthError,
      retryAfterSeconds: isTransient ? decision.retryAfterSeconds : undefined,
    },
  )
}
