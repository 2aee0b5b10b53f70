import { EvergrantClientError } from '../../lib/errors.ts'
import type { RecordName, StoredRecord } from '../store.ts'
import type { OpenedRecord } from './record-cipher.ts'

/** What a store does around an encrypted record that does not open. */
export interface SealedPlace {
  /** Where the record is, for a person: a file, a row, a key. */
  readonly where: string
  /** Where a damaged record goes, for a person; it ends the sentence "It was moved to …". */
  readonly setAsideTo: string
  /** Frees the record's name and keeps what was read; does nothing if it is another by now. */
  readonly setAside: () => Promise<void>
}

/**
 * The record that an encrypted text holds. A damaged one is set aside and reported, never read as
 * empty; one of a later version or of another key is somebody's, and stays where it is.
 *
 * @param opened - `undefined` where there is no record.
 * @throws EvergrantClientError `RECORD_UNREADABLE`
 */
export async function openedRecord(
  name: RecordName,
  opened: OpenedRecord | undefined,
  place: SealedPlace,
): Promise<StoredRecord | undefined> {
  if (opened === undefined || 'record' in opened) return opened?.record
  const { unreadable, detail } = opened
  if (unreadable === 'damaged') await place.setAside()
  const next = {
    damaged: `It was moved to ${place.setAsideTo}, unchanged. Sign in again.`,
    'later-version': 'It was left as it is. Update to the version that wrote it.',
    'another-key':
      'It was left as it is. Give the key it was written with, or remove it and sign in again.',
  }
  throw new EvergrantClientError(
    'RECORD_UNREADABLE',
    `The stored ${name.kind} in ${place.where} cannot be used: ${detail}. Nothing was sent to any server. ${next[unreadable]}`,
  )
}
