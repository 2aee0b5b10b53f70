import * as oauth from 'oauth4webapi'
import type { HttpOptions } from './http.ts'
import { boundedFetch, followingRedirects } from './http.ts'
import type { TokenRequestOptions } from './token-endpoint.ts'
import { extraParameters } from './token-endpoint.ts'

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
  return {
    ...transportOptions(options, options.authorizationServer.token_endpoint),
    additionalParameters: { ...extraParameters(options, resource, scope) },
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
