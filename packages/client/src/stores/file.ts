import { readFile, readdir, realpath, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { EvergrantClientError } from '../lib/errors.ts'
import type {
  HeldLock,
  LockOutcome,
  RecordKind,
  RecordName,
  RecordStore,
  StoredRecord,
} from './store.ts'
import type { OpenedRecord } from './encryption/record-cipher.ts'
import { recordCipher } from './encryption/record-cipher.ts'
import { openedRecord } from './encryption/sealed-record.ts'
import {
  ownerOnlyFile,
  ownerOnlyFolder,
  replaceFile,
  restrictToOwner,
  sweepLeftovers,
} from './file/durable-file.ts'
import { kernelLock } from './file/kernel-lock.ts'
import { preparePrivateFolder } from './file/private-path.ts'
import { hasCode, reasonOf } from './file/system-error.ts'

export { keyFileKey, passphraseKey } from './file/keys.ts'
export type { StoreKey } from './file/keys.ts'
export { assertPrivatePath, preparePrivateFolder } from './file/private-path.ts'
export { keychainKey } from './keychain.ts'
export type { KeychainKeyOptions } from './keychain.ts'

/** Options of {@link fileStore}. */
export interface FileStoreOptions {
  /**
   * The key that encrypts the records: 32 bytes. `keychainKey`, `keyFileKey` and `passphraseKey`
   * return one.
   */
  readonly key: Uint8Array
}

const recordKinds: readonly RecordKind[] = [
  'grant',
  'binding',
  'registration',
  'authorization',
  'authorization-server',
  'revocation',
]
const recordFile = /^([0-9a-f]{64})\.json$/
/** A write takes milliseconds. A process that holds the write lock for longer is suspended. */
const writeLockWaitMilliseconds = 5000

/**
 * Opens a store of encrypted files, for all processes of one user on one machine (C-06).
 *
 * Each record is one file, encrypted with AES-256-GCM, replaced as a whole and synced. Only the owner
 * can read the folders and files. Locks are locks of the kernel and end with their holder. A damaged
 * file is set aside and reported, never read as empty. A file of a later version or of another key is
 * not changed.
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
export async function fileStore(folder: string, options: FileStoreOptions): Promise<RecordStore> {
  const cipher = recordCipher(options.key)
  const root = await prepare(folder)
  const locks = path.join(root, 'locks')
  const writeLock = path.join(locks, 'write.lock')
  const held = new Set<HeldLock>()

  function fileOf(name: RecordName): string {
    return path.join(root, name.kind, `${name.id}.json`)
  }

  async function load(name: RecordName): Promise<OpenedRecord | undefined> {
    let text: string
    try {
      text = await readFile(fileOf(name), 'utf8')
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined
      throw error
    }
    return cipher.open(name, text)
  }

  async function read(name: RecordName): Promise<StoredRecord | undefined> {
    const opened = await load(name)
    // A damaged record is read again under the write lock: another process may be replacing it, and
    // the new record must not be set aside.
    return opened !== undefined && 'unreadable' in opened && opened.unreadable === 'damaged'
      ? await exclusively(() => readExclusively(name))
      : await recordIn(name, opened)
  }

  /** Call it with the write lock held. */
  async function readExclusively(name: RecordName): Promise<StoredRecord | undefined> {
    return await recordIn(name, await load(name))
  }

  async function recordIn(
    name: RecordName,
    opened: OpenedRecord | undefined,
  ): Promise<StoredRecord | undefined> {
    return await openedRecord(name, opened, {
      where: JSON.stringify(fileOf(name)),
      setAsideTo: 'the folder set-aside',
      setAside: () => moveAside(name),
    })
  }

  /** Call it with the write lock held. */
  async function moveAside(name: RecordName): Promise<void> {
    const file = fileOf(name)
    const target = `${name.kind}-${path.basename(file)}-${Date.now()}`
    await rename(file, path.join(root, 'set-aside', target))
  }

  /** Holds the write lock, so that reading the generation and writing are one step. */
  async function exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const locking = await kernelLock(writeLock, { waitMilliseconds: writeLockWaitMilliseconds })
    if (locking.outcome !== 'acquired') throw cannotLock(locking, writeLock)
    try {
      return await work()
    } finally {
      await locking.lock.release()
    }
  }

  return {
    read,
    write: (name, body, expectedGeneration) =>
      exclusively(async () => {
        const current = (await readExclusively(name))?.generation ?? 0
        if (current !== expectedGeneration) return { outcome: 'conflict' }
        const generation = current + 1
        await replaceFile(fileOf(name), cipher.seal(name, { generation, body }))
        return { outcome: 'written', generation }
      }),
    remove: (name, expectedGeneration) =>
      exclusively(async () => {
        const current = (await readExclusively(name))?.generation ?? 0
        if (current !== expectedGeneration) return 'conflict'
        await rm(fileOf(name), { force: true })
        return 'removed'
      }),
    async *list(kind) {
      for (const name of await readdir(path.join(root, kind))) {
        const id = recordFile.exec(name)?.[1]
        if (id !== undefined) yield id
      }
    },
    setAside: (name, expectedGeneration) =>
      exclusively(async () => {
        const current = await readExclusively(name)
        if (current?.generation === expectedGeneration) await moveAside(name)
      }),
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

function cannotLock(
  locking: Exclude<LockOutcome, { outcome: 'acquired' }>,
  file: string,
): EvergrantClientError {
  return locking.outcome === 'busy'
    ? new EvergrantClientError(
        'TOKEN_STORE_UNAVAILABLE',
        `The token store cannot be locked: another process has held ${JSON.stringify(file)} for more than ${writeLockWaitMilliseconds / 1000} s and is probably suspended. Resume or end it.`,
      )
    : new EvergrantClientError(
        'TOKEN_STORE_UNAVAILABLE',
        `The token store cannot be locked: ${locking.reason} (expected a folder on a local disk that this user can write to, and a runtime with node:sqlite). Check both.`,
        { cause: locking.cause },
      )
}

function ignoreMissing(error: unknown): void {
  if (!hasCode(error, 'ENOENT')) throw error
}
