import * as oauth from 'oauth4webapi'
import type { PrivateJwk } from '../grant/grant.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import {
  clientAuthentication,
  mayConcernAuthentication,
  withOtherAuthentication,
} from './client-authentication.ts'
import type { ExchangedCode } from './code-exchange.ts'
import { asUnavailable } from './unavailable.ts'
import { adviceForRefusal } from './refusal-advice.ts'
import { describeDecision, readTokens } from './token-answer.ts'
import type { TokenAnswer, TokenRequestOptions } from './token-endpoint.ts'
import { oauthClient, oauthServer, tokenRequestOptions } from './oauth4webapi-options.ts'
import { requestTokens } from './token-endpoint.ts'

/** What the client requests for itself. */
export interface ClientCredentialsInput {
  readonly resource: string
  readonly scope: string | undefined
}

/**
 * Requests an access token for the client itself (RFC 6749 §4.4). If the server does not recognize the
 * client, the request is repeated once with the secret in another place.
 *
 * @throws EvergrantClientError `TOKEN_REQUEST_REFUSED`, `TOKEN_RESPONSE_INVALID`,
 *   `TEMPORARILY_UNAVAILABLE`
 */
export async function requestClientCredentials(
  input: ClientCredentialsInput,
  options: TokenRequestOptions,
  dpopKey: PrivateJwk | undefined,
): Promise<ExchangedCode> {
  const { registration } = options
  const answer = await send(input, options, dpopKey)
  if ('body' in answer) return { response: readTokens(answer.body), registration }
  const other = mayConcernAuthentication(answer.decision)
    ? withOtherAuthentication(registration)
    : undefined
  if (other !== undefined) {
    const second = await send(input, { ...options, registration: other }, dpopKey)
    if ('body' in second) return { response: readTokens(second.body), registration: other }
  }
  throw refused(answer, input, options)
}

async function send(
  { resource, scope }: ClientCredentialsInput,
  options: TokenRequestOptions,
  dpopKey: PrivateJwk | undefined,
): Promise<TokenAnswer> {
  const { additionalParameters, ...request } = tokenRequestOptions(options, resource, scope)
  try {
    return await requestTokens(options, dpopKey, 'code-exchange', [], async (dpop) =>
      oauth.clientCredentialsGrantRequest(
        oauthServer(options),
        oauthClient(options),
        clientAuthentication(options.registration),
        new URLSearchParams(additionalParameters),
        { ...request, ...dpop },
      ),
    )
  } catch (error) {
    throw asUnavailable(error, 'The access token could not be requested')
  }
}

function refused(
  { decision, status }: Extract<TokenAnswer, { decision: unknown }>,
  { resource }: ClientCredentialsInput,
  { authorizationServer, registration }: TokenRequestOptions,
): EvergrantClientError {
  const isTransient = decision.outcome === 'transient'
  const { oauthError, oauthErrorDescription } = decision
  const next = isTransient
    ? 'Try again later.'
    : adviceForRefusal(oauthError, { resource, clientId: registration.clientId })
  return new EvergrantClientError(
    isTransient ? 'TEMPORARILY_UNAVAILABLE' : 'TOKEN_REQUEST_REFUSED',
    `The access token could not be requested with client credentials at ${authorizationServer.token_endpoint} (status ${status}): ${describeDecision(decision)} ${next}`,
    {
      oauthError,
      oauthErrorDescription,
      retryAfterSeconds: isTransient ? decision.retryAfterSeconds : undefined,
    },
  )
}
