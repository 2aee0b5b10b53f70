import type { ClientConfiguration, ClientRegistration } from '../protocol/registration.ts'
import { preRegisteredFor, standingRegistration } from '../protocol/registration.ts'
import type { Binding } from './records.ts'

/**
 * The registration for requests of a stored grant. The configuration of the application is newer
 * than what the sign-in stored, because secrets are rotated.
 */
export function currentRegistration(
  { authorizationServer, registration }: Pick<Binding, 'authorizationServer' | 'registration'>,
  client: ClientConfiguration | undefined,
): ClientRegistration {
  const given = client && preRegisteredFor(client, authorizationServer.issuer)
  if (client === undefined || given?.clientId !== registration.clientId) return registration
  const standing = standingRegistration(authorizationServer, client) ?? registration
  // Without a configured method, the one that the server accepted at the sign-in is better than a guess.
  const { tokenEndpointAuthMethod } = registration
  const isGuess = given.tokenEndpointAuthMethod === undefined && given.clientSecret !== undefined
  return isGuess && tokenEndpointAuthMethod !== 'none'
    ? { ...standing, tokenEndpointAuthMethod }
    : standing
}
