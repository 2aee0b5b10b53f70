import { readdir, realpath, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { HeldLock } from './store.ts'
import { recordKinds } from './record-kinds.ts'
import type { StoreKeys } from './encryption/record-cipher.ts'
import { recordCipher } from './encryption/record-cipher.ts'
import type { EncryptedRecordStore } from './encryption/reencryption.ts'
import { fileDueIndex } from './file/due-index.ts'
import { withDueTime } from './file/due-time.ts'
import {
  ownerOnlyFile,
  ownerOnlyFolder,
  replaceFile,
  restrictToOwner,
  sweepLeftovers,
} from './file/durable-file.ts'
import { kernelLock } from './file/kernel-lock.ts'
import { preparePrivateFolder } from './file/private-path.ts'
import { recordFile, recordFiles } from './file/record-files.ts'
import { reencryptFiles } from './file/reencrypt.ts'
import { hasCode, reasonOf } from './file/system-error.ts'

export { keyFileKey, passphraseKey } from './file/keys.ts'
export type { StoreKey } from './file/keys.ts'
export type { StoreKeys } from './encryption/record-cipher.ts'
export type { EncryptedRecordStore } from './encryption/reencryption.ts'
export { assertPrivatePath, preparePrivateFolder } from './file/private-path.ts'
export { keychainKey } from './keychain.ts'
export type { KeychainKeyOptions } from './keychain.ts'

/** Options of {@link fileStore}. */
export interface FileStoreOptions {
  /**
   * The key that encrypts the records: 32 bytes. `keychainKey`, `keyFileKey` and `passphraseKey`
   * return one. With a list, the first key encrypts and all of them open records.
   */
  readonly key: StoreKeys
  /** Measures when grants are due. Default: the clock of this machine. */
  readonly clock?: Clock | undefined
}

/**
 * Opens a store of encrypted files, for all processes of one user on one machine (C-06).
 *
 * Each record is one file, encrypted with AES-256-GCM, replaced as a whole and synced. Only the owner
 * can read the folders and files. Locks are locks of the kernel and end with their holder. A damaged
 * file is set aside and reported, never read as empty. A file of a later version or of another key is
 * not changed. The file of a grant shows when the grant is due.
 *
 * A folder that another user could have prepared is refused: one that belongs to another user, that
 * the group or all users may write to, or that is a symbolic link (links above it are followed).
 * Read permissions that are too wide are removed. Windows files have no such permissions: the access
 * list of the folder applies, so keep it inside the profile of the user.
 *
 * @param folder - Created for its owner only, if it is missing. It must be on a local disk, because
 *   file locks do not work on network file systems.
 *
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE` if the folder cannot be used,
 *   `INVALID_OPTION` for a key of another length.
 * @example
 * const { key } = await keyFileKey(keyFile)
 * const store = await fileStore(folder, { key })
 */
export async function fileStore(
  folder: string,
  options: FileStoreOptions,
): Promise<EncryptedRecordStore> {
  const { clock = systemClock } = options
  const cipher = recordCipher(options.key)
  const root = await prepare(folder)
  const locks = path.join(root, 'locks')
  const files = recordFiles(root, cipher, path.join(locks, 'write.lock'))
  const held = new Set<HeldLock>()

  return {
    read: (name) => files.read(name),
    write: (name, body, expectedGeneration, dueInSeconds) =>
      files.exclusively(async () => {
        const current = (await files.readExclusively(name))?.generation ?? 0
        if (current !== expectedGeneration) return { outcome: 'conflict' }
        const generation = current + 1
        const sealed = cipher.seal(name, { generation, body })
        const isDueLater = name.kind === 'grant' && dueInSeconds !== undefined
        await replaceFile(
          files.fileOf(name),
          isDueLater
            ? withDueTime(sealed, {
                generation,
                atEpochSeconds: clock.nowEpochSeconds() + dueInSeconds,
              })
            : sealed,
        )
        return { outcome: 'written', generation }
      }),
    remove: (name, expectedGeneration) =>
      files.exclusively(async () => {
        const current = (await files.readExclusively(name))?.generation ?? 0
        if (current !== expectedGeneration) return 'conflict'
        await rm(files.fileOf(name), { force: true })
        return 'removed'
      }),
    async *list(kind) {
      yield* await files.list(kind)
    },
    setAside: (name, expectedGeneration) =>
      files.exclusively(async () => {
        const current = await files.readExclusively(name)
        if (current?.generation === expectedGeneration) await files.moveAside(name)
      }),
    due: fileDueIndex(files, clock),
    encryption: {
      keyIds: cipher.keyIds,
      reencryptPage: (page) => reencryptFiles(files, cipher, page),
    },
    async lock(name, lockOptions) {
      const file = path.join(locks, `${name.kind}-${name.id}.lock`)
      const locking = await kernelLock(file, lockOptions)
      if (locking.outcome !== 'acquired') return locking
      const { lock } = locking
      held.add(lock)
      return {
        outcome: 'acquired',
        lock: {
          isHeld: () => lock.isHeld(),
          async release() {
            held.delete(lock)
            await lock.release()
          },
        },
      }
    },
    async close() {
      await Promise.all(Array.from(held, (lock) => lock.release()))
      held.clear()
    },
  }
}

async function prepare(folder: string): Promise<string> {
  try {
    await preparePrivateFolder(folder)
    const root = await realpath(folder)
    await restrictToOwner(root, ownerOnlyFolder)
    for (const name of [...recordKinds, 'locks', 'set-aside']) {
      const inner = path.join(root, name)
      await preparePrivateFolder(inner)
      await restrictToOwner(inner, ownerOnlyFolder)
      await sweepLeftovers(inner, Date.now())
    }
    for (const kind of recordKinds) {
      for (const name of await readdir(path.join(root, kind))) {
        if (recordFile.test(name)) {
          await restrictToOwner(path.join(root, kind, name), ownerOnlyFile).catch(ignoreMissing)
        }
      }
    }
    return root
  } catch (cause) {
    if (EvergrantClientError.is(cause)) throw cause
    throw new EvergrantClientError(
      'TOKEN_STORE_UNAVAILABLE',
      `The token store folder ${JSON.stringify(folder)} cannot be used${reasonOf(cause)} (expected a folder that this user can write to). Check its permissions and the disk space, or use another folder.`,
      { cause },
    )
  }
}

function ignoreMissing(error: unknown): void {
  if (!hasCode(error, 'ENOENT')) throw error
}
