import type { RefreshTimingOptions } from '@evergrant/core'
import { grantId, jitterKeyOf } from '../grant/grant.ts'
import { parseGrant, unreadableRecord } from '../grant/grant-record.ts'
import type { StoredGrant } from '../grant/grant-repository.ts'
import type { EvergrantClientError } from '../lib/errors.ts'
import type { RefreshReason } from '../lib/events.ts'
import type { RecordName, RecordStore, StoredRecord } from '../stores/store.ts'

/** A claimed grant whose record could be read. */
export interface DueGrant {
  readonly id: string
  readonly stored: StoredGrant
  /** When this grant is due, with its own jitter. */
  readonly timing: RefreshTimingOptions
}

/** A grant whose refresh is due, until its authorization server has room for it. */
export interface WaitingGrant extends DueGrant {
  readonly reason: RefreshReason
}

/** What reading a claimed record needs. */
export interface OpenDueGrantOptions {
  readonly store: RecordStore
  readonly timing: RefreshTimingOptions | undefined
  readonly nowEpochSeconds: number
}

/**
 * Reads a claimed record. A record that is damaged, or was copied from another name, is set aside.
 *
 * @returns The error if the record cannot be used.
 */
export async function openDueGrant(
  id: string,
  record: StoredRecord,
  { store, timing, nowEpochSeconds }: OpenDueGrantOptions,
): Promise<DueGrant | EvergrantClientError> {
  const name: RecordName = { kind: 'grant', id }
  const parsed = parseGrant(record, undefined, nowEpochSeconds)
  if ('unreadable' in parsed) {
    const { unreadable, detail } = parsed
    if (unreadable !== 'later-version') await store.setAside(name, record.generation)
    return unreadableRecord(name, unreadable, detail)
  }
  const { grant } = parsed
  if ((await grantId(grant.identity)) !== id) {
    await store.setAside(name, record.generation)
    return unreadableRecord(name, 'another-identity', 'it has the name of another grant')
  }
  return {
    id,
    stored: { grant, generation: record.generation },
    timing: { ...timing, jitterKey: jitterKeyOf(id) },
  }
}
