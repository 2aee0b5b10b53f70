import type { Clock } from '../lib/clock.ts'
import type { Discovery } from '../protocol/discovery.ts'
import type { HttpOptions } from '../protocol/http.ts'
import type { ClientConfiguration, ClientRegistration } from '../protocol/registration.ts'
import { preRegisteredFor, registerClient, standingRegistration } from '../protocol/registration.ts'
import type { RecordStore } from '../stores/store.ts'
import type { Binding } from './records.ts'
import { registrationRecord } from './records.ts'

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
  return standingRegistration(authorizationServer, client) ?? registration
}

/**
 * The registration for a sign-in: one that needs no request, otherwise the stored dynamic one for
 * the same redirect URI, otherwise a new one, which is stored before it is used.
 *
 * @param refused - A client ID that the server no longer accepts.
 */
export async function registrationFor(
  { authorizationServer }: Discovery,
  client: ClientConfiguration,
  redirectUri: string,
  refused: string | undefined,
  context: { readonly store: RecordStore; readonly clock: Clock; readonly http: HttpOptions },
): Promise<ClientRegistration> {
  const standing = standingRegistration(authorizationServer, client)
  if (standing !== undefined) return standing
  const record = await registrationRecord(context.store, authorizationServer.issuer, client.name)
  const { value: stored } = await record.read()
  const expiry = stored?.secretExpiresAtEpochSeconds ?? Number.POSITIVE_INFINITY
  if (
    stored?.redirectUri === redirectUri &&
    stored.clientId !== refused &&
    expiry > context.clock.nowEpochSeconds()
  ) {
    return stored
  }
  const registered = await registerClient(authorizationServer, client, redirectUri, context.http)
  await record.put(registered)
  return registered
}
