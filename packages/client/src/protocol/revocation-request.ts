import type { TokenErrorDecision } from '@evergrant/core'
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
      /** Whether the server requires a parameter that this client has no value for. */
      readonly requiresSecretParameter: boolean
    }
  /** No answer, or one that may not be final. Try again later. */
  | { readonly outcome: 'unavailable'; readonly detail: string }

/**
 * Revokes a refresh or access token (RFC 7009). Failures are outcomes; nothing is thrown. If the server
 * does not recognize the client, the request is repeated with the secret in another place. If it
 * requires the parameter `client_secret`, the request is repeated with an empty one.
 */
export async function revokeToken(
  token: string,
  hint: 'refresh_token' | 'access_token',
  options: TokenRequestOptions,
): Promise<RevocationOutcome> {
  const first = await sendRevocation(token, hint, options)
  if (first.outcome !== 'refused' || !first.otherAuthentication) return first
  const registration = withOtherAuthentication(options.registration)
  if (registration !== undefined) {
    const second = await sendRevocation(token, hint, { ...options, registration })
    if (second.outcome === 'revoked') return second
  }
  if (!first.requiresSecretParameter) return first
  // The Python MCP SDK requires the parameter from every client, also from those that authenticate in
  // the header or not at all. An empty parameter counts as omitted (RFC 6749 §3.2).
  const third = await sendRevocation(token, hint, options, { client_secret: '' })
  return third.outcome === 'revoked' ? third : first
}

async function sendRevocation(
  token: string,
  hint: 'refresh_token' | 'access_token',
  options: TokenRequestOptions,
  parameters: Readonly<Record<string, string>> = {},
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
        additionalParameters: { token_type_hint: hint, ...parameters },
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
  const requiresSecretParameter = isAboutMissingSecret(decision)
  return { outcome: 'refused', detail, clientUnknown, otherAuthentication, requiresSecretParameter }
}

/** Whether a server refused because the form has no `client_secret`. */
function isAboutMissingSecret(decision: TokenErrorDecision): boolean {
  return (
    decision.reason === 'invalid-request' &&
    /client[_ ]secret/i.test(decision.oauthErrorDescription ?? '')
  )
}
