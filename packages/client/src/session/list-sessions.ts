import { EvergrantClientError } from '../lib/errors.ts'
import { recordId } from '../grant/grant.ts'
import { isObject } from '../lib/is-object.ts'
import type { RecordStore } from '../stores/store.ts'
import { jsonRecord } from './json-record.ts'

/** What {@link listSessions} found. */
export interface SessionListing {
  /** The MCP servers with a stored sign-in, in canonical form and alphabetical order. */
  readonly serverUrls: readonly string[]
  /** One error for each unreadable record. The other records are still listed. */
  readonly unreadable: readonly EvergrantClientError[]
}

/** What {@link listPartitions} found. */
export interface PartitionListing {
  readonly partitions: readonly string[]
  /** One error for each unreadable record. A damaged one is set aside, so it is reported once. */
  readonly unreadable: readonly EvergrantClientError[]
}

/**
 * Lists the MCP servers that one user of this host has signed in to. The list includes servers that
 * the user signed out of: `createSession(…).status()` returns the state of each. Nothing is sent.
 *
 * @param partition - The user, as in `SessionOptions`. Default `default`.
 */
export async function listSessions(
  store: RecordStore,
  partition = 'default',
): Promise<SessionListing> {
  const { owners, unreadable } = await readOwners(store)
  const serverUrls = owners
    .filter((owner) => owner.partition === partition)
    .map(({ serverUrl }) => serverUrl)
  return { serverUrls: serverUrls.toSorted(), unreadable }
}

/**
 * Lists the partitions that have a stored sign-in, in alphabetical order, for a host that shows all its
 * users or profiles. Nothing is sent.
 */
export async function listPartitions(store: RecordStore): Promise<PartitionListing> {
  const { owners, unreadable } = await readOwners(store)
  const partitions = [...new Set(owners.map(({ partition }) => partition))].toSorted()
  return { partitions, unreadable }
}

async function readOwners(store: RecordStore): Promise<{
  readonly owners: readonly BindingOwner[]
  readonly unreadable: readonly EvergrantClientError[]
}> {
  const owners: BindingOwner[] = []
  const unreadable: EvergrantClientError[] = []
  for await (const id of store.list('binding')) {
    try {
      const { value } = await jsonRecord(store, { kind: 'binding', id }, readOwner).read()
      if (value === undefined) continue
      // A record that was copied to another name does not count.
      if (id === (await recordId(['binding', value.partition, value.serverUrl]))) owners.push(value)
    } catch (error) {
      if (!EvergrantClientError.is(error) || error.code !== 'RECORD_UNREADABLE') throw error
      unreadable.push(error)
    }
  }
  return { owners, unreadable }
}

interface BindingOwner {
  readonly serverUrl: string
  readonly partition: string
}

function readOwner(value: unknown): BindingOwner | undefined {
  if (!isObject(value)) return undefined
  const { serverUrl, partition } = value
  return typeof serverUrl === 'string' && typeof partition === 'string'
    ? { serverUrl, partition }
    : undefined
}
