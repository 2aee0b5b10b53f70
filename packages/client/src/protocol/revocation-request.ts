import * as oauth from 'oauth4webapi'
import {
  clientAuthentication,
  clientSecrets,
  mayConcernAuthentication,
  withOtherAuthentication,
} from './client-authentication.ts'
import { NoAnswerError } from './http.ts'
import { classifyAnswer, describeError, readBody } from './token-answer.ts'
import type { TokenRequestOptions } from './token-endpoint.ts'
import { oauthClient, oauthServer, transportOptions } from './oauth4webapi-options.ts'

/** The outcome of a revocation request. */
export type RevocationOutcome =
  | { readonly outcome: 'revoked' }
  /** The server has no revocation endpoint, so the grant stays until it expires. */
  | { readonly outcome: 'not-supported' }
  /** The server refused with an OAuth error. The request is not repeated. */
  | {
      readonly outcome: 'refused'
      readonly detail: string
      /** Whether the server does not know the client. */
      readonly clientUnknown: boolean
      /** Whether the server may expect the client secret in another place. */
      readonly otherAuthentication: boolean
    }
  /** No answer, or one that may not be final. Try again later. */
  | { readonly outcome: 'unavailable'; readonly detail: string }

/**
 * Revokes a refresh or access token (RFC 7009). Failures are outcomes; nothing is thrown. If the server
 * does not recognize the client, the request is repeated once with the secret in another place.
 */
export async function revokeToken(
  token: string,
  hint: 'refresh_token' | 'access_token',
  options: TokenRequestOptions,
): Promise<RevocationOutcome> {
  const first = await sendRevocation(token, hint, options)
  if (first.outcome !== 'refused' || !first.otherAuthentication) return first
  const registration = withOtherAuthentication(options.registration)
  if (registration === undefined) return first
  const second = await sendRevocation(token, hint, { ...options, registration })
  return second.outcome === 'revoked' ? second : first
}

async function sendRevocation(
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
      oauthServer(options),
      oauthClient(options),
      clientAuthentication(options.registration),
      token,
      {
        ...transportOptions(options, options.authorizationServer.revocation_endpoint),
        additionalParameters: { token_type_hint: hint },
      },
    )
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error
    return { outcome: 'unavailable', detail: error.message }
  }
  if (response.ok) return { outcome: 'revoked' }
  // RFC 7009 §2.2.1: a server refuses as its token endpoint does, with an OAuth error. Answers of
  // proxies and portals are not final, and the token must not stay valid because of one.
  const body = await readBody(response, [token, ...clientSecrets(options.registration)])
  const decision = classifyAnswer(response, body, options, 'refresh')
  const detail = `the revocation endpoint answered with status ${response.status}${describeError(decision)}`
  const isRefused = decision.oauthError !== undefined && decision.outcome !== 'transient'
  if (!isRefused) return { outcome: 'unavailable', detail }
  const clientUnknown = decision.outcome === 'registration-ended'
  const otherAuthentication = mayConcernAuthentication(decision)
  return { outcome: 'refused', detail, clientUnknown, otherAuthentication }
}
