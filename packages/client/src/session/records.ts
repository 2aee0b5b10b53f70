import type { GrantIdentity } from '../grant/grant.ts'
import { recordId } from '../grant/grant.ts'
import type { RecordStore } from '../stores/store.ts'
import type { Binding } from './binding-value.ts'
import { parseBinding } from './binding-value.ts'
import type { JsonRecord } from './json-record.ts'
import { jsonRecord } from './json-record.ts'

export type { Binding } from './binding-value.ts'

export async function bindingRecord(
  store: RecordStore,
  partition: string,
  serverUrl: string,
): Promise<JsonRecord<Binding>> {
  const id = await recordId(['binding', partition, serverUrl])
  return jsonRecord(store, { kind: 'binding', id }, (value) => {
    const binding = parseBinding(value)
    return binding?.partition === partition && binding.serverUrl === serverUrl ? binding : undefined
  })
}

/**
 * Reads a binding by the ID that a listing of the store returned. A record that was copied to
 * another name counts as absent.
 */
export async function readBinding(store: RecordStore, id: string): Promise<Binding | undefined> {
  const { value } = await jsonRecord(store, { kind: 'binding', id }, parseBinding).read()
  if (value === undefined) return undefined
  return id === (await recordId(['binding', value.partition, value.serverUrl])) ? value : undefined
}

/** The identity of the grant that a binding names. */
export function identityOf(binding: Binding): GrantIdentity {
  return {
    partition: binding.partition,
    issuer: binding.authorizationServer.issuer,
    resource: binding.resource,
    clientId: binding.registration.clientId,
  }
}
