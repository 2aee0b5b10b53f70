/** A store on a user's machine. */
// #region store
import { homedir } from 'node:os'
import path from 'node:path'
import type { RecordStore } from '@evergrant/client'
import { fileStore, keyFileKey } from '@evergrant/client/stores/file'

/** Encrypted files, readable only by their owner. Sessions of all processes share them. */
export async function openStore(
  folder = path.join(homedir(), '.my-mcp-client'),
): Promise<RecordStore> {
  // Or keychainKey(path.join(folder, 'keychain.lock')), or passphraseKey(passphrase, salt).
  const { key } = await keyFileKey(path.join(folder, 'store.key'))
  return await fileStore(path.join(folder, 'store'), { key })
}
// #endregion store
