import type { TokenSet } from '@evergrant/core'
import { cleanRemoteText, mergeTokenResponse } from '@evergrant/core'
import { decideIssuer } from '@evergrant/core/authorization'
import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import * as oauth from 'oauth4webapi'
import type { PrivateJwk } from '../grant/grant.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import { exchangeAuthorizationCode } from './code-exchange.ts'
import { generateDpopKey } from './dpop.ts'
import type { PendingAuthorization } from './pending-authorization.ts'
import { createRedactor } from './redact-secrets.ts'
import { adviceForRefusal } from './refusal-advice.ts'
import type { ClientRegistration } from './registration.ts'
import type { TokenRequestOptions } from './token-endpoint.ts'

/** A finished sign-in. */
export interface CompletedAuthorization {
  readonly tokenSet: TokenSet
  /** Scopes that were requested and not granted (C-56). */
  readonly missingScopes: readonly string[]
  /** The key that the tokens are bound to; absent for bearer tokens. */
  readonly dpopKey?: PrivateJwk
  /** The client, with the authentication method that the server accepted. */
  readonly registration: ClientRegistration
}

/** Options of {@link completeAuthorization}. */
export interface AuthorizationResponseOptions extends TokenRequestOptions {
  readonly authorizationServer: AuthorizationServerMetadata
  /** Another issuer that `iss` may name, because the user or the host trusts it. */
  readonly trustedIssuer?: string | undefined
}

/**
 * Checks an authorization response and exchanges its code.
 *
 * The issuer is checked first, by the four-row table of the specification (C-35). If that check
 * fails, nothing of the response is used or shown. No `scope` is sent with the code, because RFC 6749
 * §4.1.3 does not define one (C-03).
 *
 * @param callbackUrl - The redirect URI with the parameters of the response, as it was received.
 * @throws EvergrantClientError `AUTHORIZATION_RESPONSE_INVALID`, `SIGN_IN_FAILED`,
 *   `TOKEN_REQUEST_REFUSED`, `TOKEN_RESPONSE_INVALID`, `TEMPORARILY_UNAVAILABLE`
 */
export async function completeAuthorization(
  callbackUrl: string,
  pending: PendingAuthorization,
  options: AuthorizationResponseOptions,
): Promise<CompletedAuthorization> {
  const parameters = parametersOf(callbackUrl)
  checkIssuer(parameters, pending, options)
  const validated = checkResponse(parameters, pending, options)
  const sentAtEpochSeconds = options.clock.nowEpochSeconds()
  const dpopKey = pending.bindTokens === true ? await generateDpopKey() : undefined
  const exchanged = await exchangeAuthorizationCode(validated, pending, options, dpopKey)
  const { tokenSet, missingScopes } = mergeTokenResponse(undefined, exchanged.response, {
    nowEpochSeconds: sentAtEpochSeconds,
    requestedScope: pending.scope,
  })
  const { registration } = exchanged
  // A server that answers a proof with a bearer token has bound nothing, so the key is dropped.
  return dpopKey !== undefined && tokenSet.tokenType === 'DPoP'
    ? { tokenSet, missingScopes, dpopKey, registration }
    : { tokenSet, missingScopes, registration }
}

function parametersOf(callbackUrl: string): URLSearchParams {
  if (!URL.canParse(callbackUrl)) {
    // The text may contain a code, so the message does not repeat it.
    throw new EvergrantClientError(
      'AUTHORIZATION_RESPONSE_INVALID',
      'The authorization response cannot be used: it is not an absolute URL. Pass the complete URL that the browser was redirected to.',
    )
  }
  return new URL(callbackUrl).searchParams
}

function checkIssuer(
  parameters: URLSearchParams,
  pending: PendingAuthorization,
  { authorizationServer, trustedIssuer }: AuthorizationResponseOptions,
): void {
  if (authorizationServer.issuer !== pending.issuer) {
    throw new EvergrantClientError(
      'AUTHORIZATION_RESPONSE_INVALID',
      'The authorization response cannot be used: it was matched with the metadata of another authorization server. Start the sign-in again.',
    )
  }
  const [iss, ...others] = parameters.getAll('iss')
  const decision = decideIssuer(iss, pending.issuer, authorizationServer, { trustedIssuer })
  if (decision.action === 'accept' && others.length === 0) return
  const found =
    others.length > 0
      ? 'The authorization response has several `iss` parameters (expected one).'
      : decision.explanation
  const trust =
    others.length === 0 && decision.reason === 'different'
      ? ' If you know that the issuer in the response belongs to this server, set the option trustedIssuer to it, or use --trusted-issuer on the command line.'
      : ''
  throw new EvergrantClientError(
    'AUTHORIZATION_RESPONSE_INVALID',
    `${found} The code was not sent. If this repeats, the MCP server or an attacker mixes up authorization servers: do not sign in.${trust}`,
  )
}

function checkResponse(
  parameters: URLSearchParams,
  pending: PendingAuthorization,
  options: TokenRequestOptions,
): URLSearchParams {
  // oauth4webapi does not compare in constant time, so the state is compared here first.
  if (!constantTimeEqual(parameters.get('state') ?? '', pending.state)) {
    throw new EvergrantClientError(
      'AUTHORIZATION_RESPONSE_INVALID',
      'The authorization response cannot be used: it has a `state` that does not match the request. It belongs to another sign-in or is forged. Start the sign-in again.',
    )
  }
  try {
    const validated = oauth.validateAuthResponse(
      // The issuer was compared before. oauth4webapi accepts only the identical string.
      {
        ...options.authorizationServer,
        issuer: parameters.get('iss') ?? pending.issuer,
      } as oauth.AuthorizationServer,
      { client_id: pending.clientId },
      parameters,
      pending.state,
    )
    // oauth4webapi checks the code only when it sends it.
    const [code, ...others] = parameters.getAll('code')
    if (code !== undefined && code !== '' && others.length === 0) return validated
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) {
      // Servers echo what they received (C-06): the state, and perhaps more.
      const redact = createRedactor([pending.state, pending.codeVerifier, parameters.get('code')])
      const redacted = (name: string) => redact(parameters.get(name) ?? '')
      const oauthError = cleanRemoteText(redacted('error'), 100) ?? 'an empty error'
      const description = cleanRemoteText(redacted('error_description'))
      throw new EvergrantClientError(
        'SIGN_IN_FAILED',
        `The authorization server ${quote(pending.issuer)} answered the sign-in with ${quote(oauthError)}${description === undefined ? '' : ` (${quote(description, 300)})`}. ${adviceForRefusal(oauthError, pending)}`,
        { oauthError, oauthErrorDescription: description },
      )
    }
  }
  throw new EvergrantClientError(
    'AUTHORIZATION_RESPONSE_INVALID',
    'The authorization response cannot be used: it has neither `code` nor `error`, or has one of them twice. Start the sign-in again.',
  )
}

/** Compares secrets in constant time. */
function constantTimeEqual(one: string, other: string): boolean {
  const encoder = new TextEncoder()
  const [a, b] = [encoder.encode(one), encoder.encode(other)]
  let difference = a.length ^ b.length
  for (const [index, byte] of b.entries()) difference |= byte ^ (a[index] ?? 0)
  return difference === 0
}
