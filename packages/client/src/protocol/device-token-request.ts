import type { TokenErrorDecision, TokenResponse } from '@evergrant/core'
import type { DeviceAuthorization, DevicePollAnswer } from '@evergrant/core/authorization'
import { decideDevicePoll } from '@evergrant/core/authorization'
import * as oauth from 'oauth4webapi'
import type { PrivateJwk } from '../grant/grant.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import { clientAuthentication } from './client-authentication.ts'
import { NoAnswerError } from './http.ts'
import { adviceForRefusal } from './refusal-advice.ts'
import { describeError, readTokens } from './token-answer.ts'
import type { TokenAnswer, TokenRequestOptions } from './token-endpoint.ts'
import { oauthClient, oauthServer, tokenRequestOptions } from './oauth4webapi-options.ts'
import { requestTokens } from './token-endpoint.ts'

/**
 * Repeats the token request until the user has approved (RFC 8628 §3.4), at the rate that the server
 * demands (C-45).
 *
 * @param dpopKey - The key to bind the tokens to, if any.
 * @throws EvergrantClientError `SIGN_IN_FAILED` if the user declines or the code expires,
 *   `TOKEN_REQUEST_REFUSED`, `TOKEN_RESPONSE_INVALID`; the reason of the signal
 */
export async function awaitDeviceTokens(
  device: DeviceAuthorization,
  resource: string,
  options: TokenRequestOptions,
  dpopKey?: PrivateJwk,
): Promise<TokenResponse> {
  const { clock, signal } = options
  const expiresAt = clock.nowEpochSeconds() + device.expiresInSeconds
  let { intervalSeconds } = device
  let waitSeconds = intervalSeconds
  for (;;) {
    const remaining = expiresAt - clock.nowEpochSeconds()
    await clock.sleep(Math.min(waitSeconds, Math.max(remaining, 0)) * 1000, signal)
    const answer = await sendDeviceCode(device.deviceCode, resource, options, dpopKey)
    if (answer !== undefined && 'body' in answer) return readTokens(answer.body)
    if (answer !== undefined && answer.decision.reason === 'unreadable-success') {
      // The server may have spent the code, so another request would be refused.
      throw unreadable(answer.decision, options)
    }
    const left = expiresAt - clock.nowEpochSeconds()
    const decision = decideDevicePoll(pollAnswerOf(answer), intervalSeconds, left)
    if (decision.action === 'stop') throw stopped(decision, answer, resource, options)
    ;({ intervalSeconds, waitSeconds } = decision)
  }
}

/** @returns `undefined` if no answer arrived. */
async function sendDeviceCode(
  deviceCode: string,
  resource: string,
  options: TokenRequestOptions,
  dpopKey: PrivateJwk | undefined,
): Promise<TokenAnswer | undefined> {
  try {
    return await requestTokens(options, dpopKey, 'code-exchange', [deviceCode], async (dpop) =>
      oauth.deviceCodeGrantRequest(
        oauthServer(options),
        oauthClient(options),
        clientAuthentication(options.registration),
        deviceCode,
        { ...tokenRequestOptions(options, resource), ...dpop },
      ),
    )
  } catch (error) {
    if (error instanceof NoAnswerError && error.reason !== 'refused-here') return undefined
    throw error
  }
}

function pollAnswerOf(answer: TokenAnswer | undefined): DevicePollAnswer {
  if (answer === undefined || 'body' in answer) return { kind: 'none', oauthError: undefined }
  const { decision } = answer
  const { oauthError } = decision
  if (decision.outcome !== 'transient') return { kind: 'refused', oauthError }
  return { kind: 'transient', oauthError, retryAfterSeconds: decision.retryAfterSeconds }
}

function unreadable(
  { explanation }: TokenErrorDecision,
  { authorizationServer }: TokenRequestOptions,
): EvergrantClientError {
  return new EvergrantClientError(
    'TOKEN_RESPONSE_INVALID',
    `The sign-in by device code failed at ${authorizationServer.token_endpoint}: ${explanation} Ask the operator of the authorization server.`,
  )
}

function stopped(
  { reason, explanation }: { readonly reason: string; readonly explanation: string },
  answer: TokenAnswer | undefined,
  resource: string,
  { authorizationServer, registration }: TokenRequestOptions,
): EvergrantClientError {
  const failure = answer === undefined || 'body' in answer ? undefined : answer
  const words = failure === undefined ? '' : describeError(failure.decision)
  const { oauthError, oauthErrorDescription } = failure?.decision ?? {}
  if (reason !== 'refused') {
    return new EvergrantClientError(
      'SIGN_IN_FAILED',
      `The sign-in by device code failed: ${explanation.replace(/\.$/, '')}${words}. Sign in again to retry.`,
      {
        oauthError: reason === 'denied' ? 'access_denied' : 'expired_token',
        oauthErrorDescription,
      },
    )
  }
  const { clientId } = registration
  return new EvergrantClientError(
    'TOKEN_REQUEST_REFUSED',
    `The sign-in by device code failed at ${authorizationServer.token_endpoint} (status ${failure?.status ?? 0}): the server refused the request${words}. ${adviceForRefusal(oauthError, { resource, clientId })}`,
    { oauthError, oauthErrorDescription },
  )
}
