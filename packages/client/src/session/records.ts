import type { AuthorizationServerMetadata } from '@evergrant/core'
import { parseAuthorizationServerMetadata, ProtocolError } from '@evergrant/core'
import { recordId } from '../grant/grant.ts'
import { isObject } from '../lib/is-object.ts'
import type { PendingAuthorization } from '../protocol/authorization.ts'
import type { ClientRegistration } from '../protocol/registration.ts'
import type { RecordName, RecordStore } from '../stores/store.ts'
import type { JsonRecord } from './json-record.ts'
import { jsonRecord } from './json-record.ts'

/**
 * Which grant serves an MCP server: found by the server's URL, so that a new process knows without
 * asking the network.
 */
export interface Binding {
  readonly serverUrl: string
  readonly partition: string
  readonly resource: string
  readonly authorizationServer: AuthorizationServerMetadata
  readonly registration: ClientRegistration
  /** Why the sign-in brought no refresh token, in words; absent where it brought one. */
  readonly noRefreshTokenReason?: string
}

/** A sign-in whose answer comes in a later request. Secret: it holds the PKCE verifier. */
export interface StoredSignIn {
  readonly binding: Binding
  readonly pending: PendingAuthorization
  readonly authorizationUrl: string
  /** What is said if no refresh token comes; decided when the request was made. */
  readonly noRefreshTokenReason: string
}

/** The sign-ins of one server and user whose answers can still come, each by its `state`. */
export interface SignInsUnderWay {
  /** The one whose authorization URL is handed out again; absent once one is finished. */
  readonly current?: string
  /** All of them, the oldest first: what is to be removed if nobody finishes them. */
  readonly states: readonly string[]
}

/** A token that is to be revoked as soon as its server answers. */
export interface PendingRevocation {
  readonly token: string
  readonly hint: 'refresh_token' | 'access_token'
  readonly authorizationServer: AuthorizationServerMetadata
  readonly registration: ClientRegistration
  readonly createdAtEpochSeconds: number
}

export async function bindingRecord(
  store: RecordStore,
  partition: string,
  serverUrl: string,
): Promise<JsonRecord<Binding>> {
  const id = await recordId(['binding', partition, serverUrl])
  return jsonRecord(store, { kind: 'binding', id }, (value) => {
    const binding = readBinding(value)
    return binding?.partition === partition && binding.serverUrl === serverUrl ? binding : undefined
  })
}

/**
 * The binding that a listing of the store named. A record that was copied to another name is
 * nobody's, and counts as absent.
 */
export async function bindingOf(store: RecordStore, id: string): Promise<Binding | undefined> {
  const { value } = await jsonRecord(store, { kind: 'binding', id }, readBinding).read()
  if (value === undefined) return undefined
  return id === (await recordId(['binding', value.partition, value.serverUrl])) ? value : undefined
}

/** Dynamic registrations, by the issuer that made them (C-39) and the application's name. */
export async function registrationRecord(
  store: RecordStore,
  issuer: string,
  clientName: string,
): Promise<JsonRecord<ClientRegistration>> {
  const id = await recordId(['registration', issuer, clientName])
  return jsonRecord(store, { kind: 'registration', id }, (value) => {
    const registration = readRegistration(value)
    return registration?.issuer === issuer ? registration : undefined
  })
}

/** A sign-in by the `state` of its request. */
export async function signInRecord(
  store: RecordStore,
  state: string,
): Promise<JsonRecord<StoredSignIn>> {
  const id = await recordId(['sign-in', state])
  return jsonRecord(store, { kind: 'authorization', id }, (value) => {
    const signIn = readSignIn(value)
    return signIn?.pending.state === state ? signIn : undefined
  })
}

/**
 * Proves that the store can be written, by a record that comes and goes.
 *
 * @throws EvergrantClientError `TOKEN_STORE_WRITE_FAILED`, `TOKEN_STORE_UNAVAILABLE`
 */
export async function assertWritable(
  store: RecordStore,
  partition: string,
  serverUrl: string,
): Promise<void> {
  const id = await recordId(['probe', partition, serverUrl])
  const probe = jsonRecord(store, { kind: 'authorization', id }, () => true)
  await probe.put(true)
  await probe.remove()
}

/** The name under which sign-ins for one server take turns, and find those under way. */
export async function signInTurn(partition: string, serverUrl: string): Promise<RecordName> {
  return { kind: 'authorization', id: await recordId(['turn', partition, serverUrl]) }
}

/** The sign-ins that are under way for a server, if any. */
export function signInsUnderWayRecord(
  store: RecordStore,
  turn: RecordName,
): JsonRecord<SignInsUnderWay> {
  return jsonRecord(store, turn, readSignInsUnderWay)
}

export function revocationRecord(store: RecordStore, id: string): JsonRecord<PendingRevocation> {
  return jsonRecord(store, { kind: 'revocation', id }, readRevocation)
}

function readBinding(value: unknown): Binding | undefined {
  if (!isObject(value)) return undefined
  const { serverUrl, partition, resource, noRefreshTokenReason } = value
  const authorizationServer = readServer(value['authorizationServer'])
  const registration = readRegistration(value['registration'])
  if (typeof serverUrl !== 'string' || typeof partition !== 'string') return undefined
  if (typeof resource !== 'string') return undefined
  if (authorizationServer === undefined || registration === undefined) return undefined
  if (registration.issuer !== authorizationServer.issuer) return undefined
  return {
    serverUrl,
    partition,
    resource,
    authorizationServer,
    registration,
    ...(typeof noRefreshTokenReason === 'string' ? { noRefreshTokenReason } : {}),
  }
}

function readSignIn(value: unknown): StoredSignIn | undefined {
  if (!isObject(value)) return undefined
  const binding = readBinding(value['binding'])
  const pending = readPending(value['pending'])
  const { authorizationUrl, noRefreshTokenReason } = value
  if (binding === undefined || pending === undefined) return undefined
  if (typeof authorizationUrl !== 'string' || typeof noRefreshTokenReason !== 'string') {
    return undefined
  }
  return { binding, pending, authorizationUrl, noRefreshTokenReason }
}

function readSignInsUnderWay(value: unknown): SignInsUnderWay | undefined {
  if (!isObject(value)) return undefined
  const { current, states } = value
  if (!Array.isArray(states) || !states.every((state) => typeof state === 'string')) {
    return undefined
  }
  return { states, ...(typeof current === 'string' ? { current } : {}) }
}

function readPending(value: unknown): PendingAuthorization | undefined {
  if (!isObject(value)) return undefined
  const { state, codeVerifier, issuer, resource, clientId, redirectUri, scope } = value
  const { createdAtEpochSeconds } = value
  if (
    typeof state !== 'string' ||
    typeof codeVerifier !== 'string' ||
    typeof issuer !== 'string' ||
    typeof resource !== 'string' ||
    typeof clientId !== 'string' ||
    typeof redirectUri !== 'string' ||
    typeof createdAtEpochSeconds !== 'number' ||
    (scope !== undefined && typeof scope !== 'string')
  ) {
    return undefined
  }
  return {
    state,
    codeVerifier,
    issuer,
    resource,
    clientId,
    redirectUri,
    scope,
    createdAtEpochSeconds,
    ...(value['bindTokens'] === true ? { bindTokens: true } : {}),
  }
}

function readRevocation(value: unknown): PendingRevocation | undefined {
  if (!isObject(value)) return undefined
  const { token, hint, createdAtEpochSeconds } = value
  const authorizationServer = readServer(value['authorizationServer'])
  const registration = readRegistration(value['registration'])
  if (typeof token !== 'string' || typeof createdAtEpochSeconds !== 'number') return undefined
  if (hint !== 'refresh_token' && hint !== 'access_token') return undefined
  if (authorizationServer === undefined || registration === undefined) return undefined
  return { token, hint, authorizationServer, registration, createdAtEpochSeconds }
}

function readRegistration(value: unknown): ClientRegistration | undefined {
  if (!isObject(value)) return undefined
  const { issuer, clientId, clientSecret, tokenEndpointAuthMethod, origin, redirectUri } = value
  const { secretExpiresAtEpochSeconds } = value
  if (typeof issuer !== 'string' || typeof clientId !== 'string') return undefined
  if (
    tokenEndpointAuthMethod !== 'none' &&
    tokenEndpointAuthMethod !== 'client_secret_basic' &&
    tokenEndpointAuthMethod !== 'client_secret_post'
  ) {
    return undefined
  }
  if (
    origin !== 'pre-registered' &&
    origin !== 'client-id-metadata-document' &&
    origin !== 'dynamic'
  ) {
    return undefined
  }
  return {
    issuer,
    clientId,
    tokenEndpointAuthMethod,
    origin,
    ...(typeof clientSecret === 'string' ? { clientSecret } : {}),
    ...(typeof redirectUri === 'string' ? { redirectUri } : {}),
    ...(typeof secretExpiresAtEpochSeconds === 'number' ? { secretExpiresAtEpochSeconds } : {}),
  }
}

function readServer(value: unknown): AuthorizationServerMetadata | undefined {
  if (!isObject(value) || typeof value['issuer'] !== 'string') return undefined
  try {
    return parseAuthorizationServerMetadata(value, value['issuer']).metadata
  } catch (error) {
    if (ProtocolError.is(error)) return undefined
    throw error
  }
}
