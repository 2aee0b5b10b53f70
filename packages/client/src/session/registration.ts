import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import type { Clock } from '../lib/clock.ts'
import { registerDynamically } from '../protocol/dynamic-registration.ts'
import type { HttpOptions } from '../protocol/http.ts'
import type { ClientConfiguration, ClientRegistration } from '../protocol/registration.ts'
import { assertDynamicRegistration } from '../protocol/dynamic-registration.ts'
import { preRegisteredFor, standingRegistration } from '../protocol/registration.ts'
import type { RecordStore } from '../stores/store.ts'
import { registrationRecord } from './sign-in-records.ts'

/** What a client needs to register itself, and where registrations are stored. */
export interface RegistrationContext {
  readonly client: ClientConfiguration
  readonly store: RecordStore
  readonly clock: Clock
  readonly http: HttpOptions
}

/** What is known about earlier registrations at a server. */
export interface EarlierRegistrations {
  /**
   * The registration of the previous sign-in. A client that was registered by hand is used again
   * without being configured again.
   */
  readonly previous: ClientRegistration | undefined
  /** A client ID that the server no longer accepts. */
  readonly refused: string | undefined
}

/** What a client is to be registered for. */
export interface RegistrationUse {
  readonly redirectUri: string
  /** Default `false`. */
  readonly usesDeviceGrant?: boolean | undefined
}

/** A registration, and whether it existed before this sign-in. */
export interface FoundRegistration {
  readonly registration: ClientRegistration
  readonly isStored: boolean
}

/**
 * The registration for a sign-in: one that needs no request, otherwise the stored dynamic one for
 * the same redirect URI, otherwise a new one, which is stored before it is used.
 */
export async function registrationFor(
  authorizationServer: AuthorizationServerMetadata,
  use: RegistrationUse,
  { previous, refused }: EarlierRegistrations,
  context: RegistrationContext,
): Promise<FoundRegistration> {
  const { issuer } = authorizationServer
  const client = withPrevious(context.client, previous)
  const standing = standingRegistration(authorizationServer, client)
  if (standing !== undefined) return { registration: standing, isStored: true }
  assertDynamicRegistration(issuer, client)
  const record = await registrationRecord(context.store, issuer, client.name)
  const { value: stored } = await record.read()
  const isUsable =
    stored?.redirectUri === use.redirectUri &&
    (use.usesDeviceGrant !== true || stored.usesDeviceGrant === true) &&
    stored.clientId !== refused &&
    !secretExpired(stored, context.clock.nowEpochSeconds())
  if (isUsable) return { registration: stored, isStored: true }
  return {
    registration: await registerAndStore(authorizationServer, use, context),
    isStored: false,
  }
}

/**
 * Registers a new client and stores it in the place of an earlier one.
 *
 * @param scope - The scope to register. Default: none.
 */
export async function registerAndStore(
  authorizationServer: AuthorizationServerMetadata,
  { redirectUri, usesDeviceGrant }: RegistrationUse,
  { client, store, clock, http }: RegistrationContext,
  scope?: string,
): Promise<ClientRegistration> {
  const options = { ...http, clock, scope, usesDeviceGrant }
  const registered = await registerDynamically(authorizationServer, client, redirectUri, options)
  const record = await registrationRecord(store, authorizationServer.issuer, client.name)
  await record.put(registered)
  return registered
}

/** Updates the stored registration of a client, unless another client is stored in the meantime. */
export async function updateRegistration(
  registration: ClientRegistration,
  { client, store }: Pick<RegistrationContext, 'client' | 'store'>,
): Promise<void> {
  const record = await registrationRecord(store, registration.issuer, client.name)
  await record.update((stored) =>
    stored?.clientId === registration.clientId ? registration : stored,
  )
}

/**
 * Forgets the stored dynamic registration at a server.
 *
 * @param clientId - Only this client: another process may have registered a new one. Default: any.
 */
export async function forgetRegistration(
  issuer: string,
  { client, store }: Pick<RegistrationContext, 'client' | 'store'>,
  clientId?: string,
): Promise<void> {
  const record = await registrationRecord(store, issuer, client.name)
  await record.update((stored) =>
    clientId === undefined || stored?.clientId === clientId ? undefined : stored,
  )
}

/**
 * A client that was registered by hand counts as configured, unless the configuration names another or
 * explicitly allows the client to register itself.
 */
function withPrevious(
  client: ClientConfiguration,
  previous: ClientRegistration | undefined,
): ClientConfiguration {
  if (previous?.origin !== 'pre-registered' || client.dynamicRegistration === true) return client
  if (preRegisteredFor(client, previous.issuer) !== undefined) return client
  const { issuer, clientId, clientSecret, tokenEndpointAuthMethod } = previous
  const remembered = {
    clientId,
    tokenEndpointAuthMethod,
    ...(clientSecret === undefined ? {} : { clientSecret }),
  }
  return { ...client, preRegistered: { [issuer]: remembered, ...client.preRegistered } }
}

function secretExpired(
  { clientSecret, tokenEndpointAuthMethod, secretExpiresAtEpochSeconds }: ClientRegistration,
  nowEpochSeconds: number,
): boolean {
  if (clientSecret === undefined || tokenEndpointAuthMethod === 'none') return false
  return (secretExpiresAtEpochSeconds ?? Number.POSITIVE_INFINITY) <= nowEpochSeconds
}
