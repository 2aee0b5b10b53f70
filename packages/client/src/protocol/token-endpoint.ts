import type { TokenErrorDecision } from '@evergrant/core'
import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import type { ProviderProfile } from '@evergrant/core/providers'
import { applyProviderProfile } from '@evergrant/core/providers'
import * as oauth from 'oauth4webapi'
import type { PrivateJwk } from '../grant/grant.ts'
import type { Clock } from '../lib/clock.ts'
import { clientSecrets } from './client-authentication.ts'
import type { DpopProver } from './dpop.ts'
import type { HttpOptions } from './http.ts'
import { boundedFetch, followingRedirects } from './http.ts'
import type { ClientRegistration } from './registration.ts'
import { classifyAnswer, holdsTokens, readBody } from './token-answer.ts'

/** Where token requests are sent, and as which client. */
export interface TokenRequestOptions extends HttpOptions {
  readonly authorizationServer: AuthorizationServerMetadata
  readonly registration: ClientRegistration
  readonly profile: ProviderProfile
  readonly clock: Clock
  /** Makes proofs for grants whose tokens are bound to a key (RFC 9449). */
  readonly dpop?: DpopProver | undefined
}

/** The answer of a token endpoint: a body that may hold tokens, or the classified error. */
export type TokenAnswer =
  | { readonly body: unknown; readonly status: number; readonly contentType: string | null }
  | { readonly decision: TokenErrorDecision; readonly status: number }

/**
 * Sends a token request, and repeats it once if the server requires its nonce in the proof.
 *
 * @param secrets - The secrets of the request in addition to those of the client. They are removed
 *   from the answer, except from the members that hold tokens.
 */
export async function requestTokens(
  options: TokenRequestOptions,
  dpopKey: PrivateJwk | undefined,
  during: 'refresh' | 'code-exchange',
  secrets: readonly (string | null)[],
  send: (dpop: Pick<oauth.TokenEndpointRequestOptions, 'DPoP'>) => Promise<Response>,
): Promise<TokenAnswer> {
  const handle = dpopKey === undefined ? undefined : await options.dpop?.handle(dpopKey)
  for (let attempt = 1; ; attempt += 1) {
    const response = await send(handle === undefined ? {} : { DPoP: handle })
    const body = await readBody(response, [...secrets, ...clientSecrets(options.registration)])
    if (holdsTokens(response, body)) {
      const contentType = response.headers.get('content-type')
      return { body: body.json, status: response.status, contentType }
    }
    const decision = classifyAnswer(response, body, options, during)
    // The nonce came with this answer, and the server has not used the token or code.
    const requiresNonce = decision.outcome === 'use-dpop-nonce' && handle !== undefined
    if (!requiresNonce || attempt > 1) return { decision, status: response.status }
  }
}

/** The authorization server in the form that oauth4webapi expects. */
export function oauthServer(options: TokenRequestOptions): oauth.AuthorizationServer {
  const { issuer, token_endpoint, revocation_endpoint } = options.authorizationServer
  return {
    issuer,
    token_endpoint,
    ...(revocation_endpoint === undefined ? {} : { revocation_endpoint }),
  }
}

/** The client in the form that oauth4webapi expects. */
export function oauthClient(options: TokenRequestOptions): oauth.Client {
  return { client_id: options.registration.clientId }
}

/** Request options for the token endpoint, with the `resource` of the grant (C-34). */
export function tokenRequestOptions(
  options: TokenRequestOptions,
  resource: string,
  scope?: string,
): oauth.TokenEndpointRequestOptions & { readonly additionalParameters: Record<string, string> } {
  const fromProfile = applyProviderProfile(options.profile, resource)
  return {
    ...transportOptions(options, options.authorizationServer.token_endpoint),
    additionalParameters: {
      ...(fromProfile.resource === undefined ? {} : { resource: fromProfile.resource }),
      ...(scope === undefined ? {} : { scope }),
    },
  }
}

/** Request options that send with the injected `fetch`, within the limits. */
export function transportOptions(
  options: HttpOptions,
  endpoint: string,
): Pick<
  oauth.TokenEndpointRequestOptions,
  typeof oauth.customFetch | typeof oauth.allowInsecureRequests
> {
  return {
    [oauth.customFetch]: followingRedirects(boundedFetch(options)),
    // `core` refuses metadata with an http endpoint, except on loopback.
    [oauth.allowInsecureRequests]: new URL(endpoint).protocol === 'http:',
  }
}
