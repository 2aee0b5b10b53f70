import type { ClientConfiguration, ClientRegistration } from '../protocol/registration.ts'
import { standingRegistration } from '../protocol/registration.ts'
import type { Binding } from './records.ts'

/** What is configured for a client is newer than what its sign-in stored: secrets are rotated. */
export function currentRegistration(
  { authorizationServer, registration }: Pick<Binding, 'authorizationServer' | 'registration'>,
  client: ClientConfiguration | undefined,
): ClientRegistration {
  const given = client?.preRegistered?.[authorizationServer.issuer]
  if (client === undefined || given?.clientId !== registration.clientId) return registration
  return standingRegistration(authorizationServer, client) ?? registration
}
