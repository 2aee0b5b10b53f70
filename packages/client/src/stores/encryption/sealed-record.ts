import { EvergrantClientError } from '../../lib/errors.ts'
import type { RecordName, StoredRecord } from '../store.ts'
import type { OpenedRecord } from './record-cipher.ts'

/** Where an encrypted record is, and how it is set aside if it does not open. */
export interface SealedPlace {
  /** The place of the record, for messages: a file, a row, a key. */
  readonly where: string
  /** The place of damaged records. It ends the sentence "It was moved to …". */
  readonly setAsideTo: string
  /** Moves the record that was read to another name. Does nothing if it was replaced. */
  readonly setAside: () => Promise<void>
}

/**
 * The record of an encrypted text. A damaged one is set aside and reported, never read as empty. One
 * of a later version or of another key belongs to another installation and is not changed.
 *
 * @throws EvergrantClientError `RECORD_UNREADABLE`
 */
export async function openedRecord(
  name: RecordName,
  opened: OpenedRecord,
  place: SealedPlace,
): Promise<StoredRecord> {
  if ('record' in opened) return opened.record
  const { unreadable, detail } = opened
  if (unreadable === 'damaged') await place.setAside()
  const next = {
    damaged: `It was moved to ${place.setAsideTo}, unchanged. Sign in again.`,
    'later-version': 'It was not changed. Update to the version that wrote it.',
    'another-key':
      'It was not changed. Add the key with that ID to the list of the option "key". If you do not have the key, remove the record and sign in again.',
  }
  throw new EvergrantClientError(
    'RECORD_UNREADABLE',
    `The stored ${name.kind} in ${place.where} cannot be used: ${detail}. Nothing was sent. ${next[unreadable]}`,
  )
}
