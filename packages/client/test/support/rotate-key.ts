// The code of the guide "Rotate the store key". It imports as an application does.
// #region store
import type { EncryptedRecordStore } from '@evergrant/client/stores/postgres'
import { postgresStore } from '@evergrant/client/stores/postgres'
import type { Pool } from 'pg'

/** @param keys - From the secrets of the gateway. The first one encrypts, and all open records. */
export function openStore(pool: Pool, keys: readonly Uint8Array[]): EncryptedRecordStore {
  return postgresStore(pool, { key: keys })
}
// #endregion store

// #region reencrypt
import { reencryptRecords } from '@evergrant/client/stores/key-rotation'

/** Run it on one machine, after every machine has the new key first. */
export async function reencryptAll(
  store: EncryptedRecordStore,
  signal?: AbortSignal,
): Promise<string> {
  const { reencrypted, unreadable, complete } = await reencryptRecords(store, {
    recordsPerSecond: 500,
    signal,
  })
  return complete
    ? `Re-encrypted ${reencrypted} records. You can remove the older keys. ${unreadable} records could not be opened.`
    : 'A process still encrypts with an older key. Update it, and run this again.'
}
// #endregion reencrypt
