import { basicCredentials } from '@evergrant/core/registration'
import type { TokenErrorDecision } from '@evergrant/core'
import type { ClientAuth } from 'oauth4webapi'
import type { ClientRegistration } from './registration.ts'

/**
 * Adds to a request how a registered client authenticates to its authorization server.
 *
 * oauth4webapi encodes more characters of the HTTP Basic credentials, and the many servers that never
 * decode would then not recognize the client. The form names the client too, because some servers look
 * it up there before they read the header. A client ID alone is not a second authentication method.
 */
export function authenticateClient(
  { clientId, clientSecret, tokenEndpointAuthMethod }: ClientRegistration,
  body: URLSearchParams,
  headers: Headers,
): void {
  body.set('client_id', clientId)
  if (clientSecret === undefined || tokenEndpointAuthMethod === 'none') return
  if (tokenEndpointAuthMethod === 'client_secret_post') body.set('client_secret', clientSecret)
  else headers.set('authorization', `Basic ${basicCredentials(clientId, clientSecret)}`)
}

/** The same in the form that oauth4webapi expects. */
export function clientAuthentication(registration: ClientRegistration): ClientAuth {
  return (_authorizationServer, _client, body, headers) => {
    authenticateClient(registration, body, headers)
  }
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
