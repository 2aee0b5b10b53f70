import { recordId } from '../grant/grant.ts'
import type { ClientRegistration } from '../protocol/registration.ts'
import type { RecordName, RecordStore } from '../stores/store.ts'
import { parseRegistration } from './binding-value.ts'
import type { JsonRecord } from './json-record.ts'
import { jsonRecord } from './json-record.ts'
import type { PendingRevocation, SignInsUnderWay, StoredSignIn } from './sign-in-values.ts'
import { parseRevocation, parseSignIn, parseSignInsUnderWay } from './sign-in-values.ts'

export type {
  PendingRevocation,
  SignInBinding,
  SignInsUnderWay,
  StoredChallenge,
  StoredSignIn,
} from './sign-in-values.ts'

/** The dynamic registration of a client, by its issuer (C-39) and the name of the application. */
export async function registrationRecord(
  store: RecordStore,
  issuer: string,
  clientName: string,
): Promise<JsonRecord<ClientRegistration>> {
  const id = await recordId(['registration', issuer, clientName])
  return jsonRecord(store, { kind: 'registration', id }, (value) => {
    const registration = parseRegistration(value)
    return registration?.issuer === issuer ? registration : undefined
  })
}

/** An unfinished sign-in, by the `state` of its request. */
export async function signInRecord(
  store: RecordStore,
  state: string,
): Promise<JsonRecord<StoredSignIn>> {
  const id = await recordId(['sign-in', state])
  return jsonRecord(store, { kind: 'authorization', id }, (value) => {
    const signIn = parseSignIn(value)
    return signIn?.pending.state === state ? signIn : undefined
  })
}

/**
 * Proves that the store can be written: writes a record and removes it.
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

/** The name of the record that lists the unfinished sign-ins of a server. Sign-ins lock it. */
export async function signInTurn(partition: string, serverUrl: string): Promise<RecordName> {
  return { kind: 'authorization', id: await recordId(['turn', partition, serverUrl]) }
}

/** The unfinished sign-ins of a server, if any. */
export function signInsUnderWayRecord(
  store: RecordStore,
  turn: RecordName,
): JsonRecord<SignInsUnderWay> {
  return jsonRecord(store, turn, parseSignInsUnderWay)
}

export function revocationRecord(store: RecordStore, id: string): JsonRecord<PendingRevocation> {
  return jsonRecord(store, { kind: 'revocation', id }, parseRevocation)
}
