import * as oauth from 'oauth4webapi'
import { formEncode } from './form-encode.ts'
import type { ClientRegistration } from './registration.ts'

/** How a registered client authenticates to its authorization server. */
export function clientAuthentication(registration: ClientRegistration): oauth.ClientAuth {
  const { clientSecret, tokenEndpointAuthMethod } = registration
  if (clientSecret === undefined || tokenEndpointAuthMethod === 'none') return oauth.None()
  return tokenEndpointAuthMethod === 'client_secret_post'
    ? oauth.ClientSecretPost(clientSecret)
    : clientSecretBasic(clientSecret)
}

/** The secrets that authenticate a client, in the forms in which they are sent. */
export function clientSecrets({ clientId, clientSecret }: ClientRegistration): readonly string[] {
  return clientSecret === undefined ? [] : [clientSecret, basicCredentials(clientId, clientSecret)]
}

/**
 * HTTP Basic authentication with form-encoded ID and secret (RFC 6749 §2.3.1). The encoding is the
 * one of browsers, which leaves `-`, `.`, `_` and `*` unchanged. oauth4webapi encodes them too, and
 * the many servers that never decode would then not recognize the client. Servers that decode accept
 * both.
 */
function clientSecretBasic(clientSecret: string): oauth.ClientAuth {
  return (_authorizationServer, client, _body, headers) => {
    headers.set('authorization', `Basic ${basicCredentials(client.client_id, clientSecret)}`)
  }
}

function basicCredentials(clientId: string, clientSecret: string): string {
  return btoa(`${formEncode(clientId)}:${formEncode(clientSecret)}`)
}
