import type { Grant } from '../grant/grant.ts'
import { isSameIdentity, recordId } from '../grant/grant.ts'
import type { Binding } from '../session/records.ts'
import { identityOf, readBinding } from '../session/records.ts'
import type { RecordStore } from '../stores/store.ts'

/**
 * The binding that says how to refresh a grant.
 *
 * @returns `undefined` if the user signed in elsewhere since, or if no session made this grant.
 */
export async function bindingOfGrant(
  store: RecordStore,
  { identity, serverUrl = identity.resource }: Grant,
): Promise<Binding | undefined> {
  const id = await recordId(['binding', identity.partition, serverUrl])
  const binding = await readBinding(store, id)
  return binding !== undefined && isSameIdentity(identityOf(binding), identity)
    ? binding
    : undefined
}
