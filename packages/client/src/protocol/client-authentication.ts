import { basicCredentials } from '@evergrant/core'
import type { TokenErrorDecision } from '@evergrant/core'
import * as oauth from 'oauth4webapi'
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
 * The registration with the secret in another place, to repeat a request once if the server does not
 * recognize the client. Some servers read the secret only from the form, whatever they registered,
 * and some register a public client and require its secret. A request never has both forms (RFC 6749
 * §2.3).
 */
export function withOtherAuthentication(
  registration: ClientRegistration,
): ClientRegistration | undefined {
  const { clientSecret, tokenEndpointAuthMethod } = registration
  if (clientSecret === undefined) return undefined
  return {
    ...registration,
    tokenEndpointAuthMethod:
      tokenEndpointAuthMethod === 'client_secret_basic'
        ? 'client_secret_post'
        : 'client_secret_basic',
  }
}

/** Whether a refusal may be about how the client authenticated, not about who it is. */
export function mayConcernAuthentication(decision: TokenErrorDecision): boolean {
  if (decision.outcome === 'registration-ended') return true
  // Some servers validate the form before they authenticate: "client_secret: Field required".
  return (
    decision.reason === 'invalid-request' &&
    /client[_ ](?:id|secret)/i.test(decision.oauthErrorDescription ?? '')
  )
}

/** Whether a server refused because the form has no `client_secret`. */
export function isAboutMissingSecret(decision: TokenErrorDecision): boolean {
  return (
    decision.reason === 'invalid-request' &&
    /client[_ ]secret/i.test(decision.oauthErrorDescription ?? '')
  )
}

/**
 * HTTP Basic authentication. oauth4webapi encodes more characters, and the many servers that never decode
 * would then not recognize the client.
 *
 * The form names the client too, because some servers look it up there before they read the header.
 * A client ID alone is not a second authentication method.
 */
function clientSecretBasic(clientSecret: string): oauth.ClientAuth {
  return (_authorizationServer, client, body, headers) => {
    body.set('client_id', client.client_id)
    headers.set('authorization', `Basic ${basicCredentials(client.client_id, clientSecret)}`)
  }
}
