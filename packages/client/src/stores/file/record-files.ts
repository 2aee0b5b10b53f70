import { readFile, readdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { EvergrantClientError } from '../../lib/errors.ts'
import type { OpenedRecord, RecordCipher } from '../encryption/record-cipher.ts'
import { openedRecord } from '../encryption/sealed-record.ts'
import type { LockOutcome, RecordKind, RecordName, StoredRecord } from '../store.ts'
import { kernelLock } from './kernel-lock.ts'
import { hasCode } from './system-error.ts'

/** The name of a file with a record. */
export const recordFile: RegExp = /^([0-9a-f]{64})\.json$/
/** A write takes milliseconds. A process that holds the write lock for longer is suspended. */
const writeLockWaitMilliseconds = 5000

/** The files of a store. */
export interface RecordFiles {
  fileOf(name: RecordName): string
  /** The IDs of a kind. */
  list(kind: RecordKind): Promise<string[]>
  /** The sealed text; `undefined` if the file is missing. */
  readText(name: RecordName): Promise<string | undefined>
  read(name: RecordName): Promise<StoredRecord | undefined>
  /** Call it with the write lock held. */
  readExclusively(name: RecordName): Promise<StoredRecord | undefined>
  /**
   * Opens a text that was read with the write lock held.
   *
   * @throws EvergrantClientError `RECORD_UNREADABLE`. A damaged file was set aside.
   */
  open(name: RecordName, text: string): Promise<StoredRecord>
  canOpen(name: RecordName, text: string): boolean
  /** Call it with the write lock held. */
  moveAside(name: RecordName): Promise<void>
  /** Holds the write lock, so that reading the generation and writing are one step. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result>
}

/** @param root - The folder of the store, with a folder for each kind. */
export function recordFiles(root: string, cipher: RecordCipher, writeLock: string): RecordFiles {
  function fileOf(name: RecordName): string {
    return path.join(root, name.kind, `${name.id}.json`)
  }

  async function readText(name: RecordName): Promise<string | undefined> {
    try {
      return await readFile(fileOf(name), 'utf8')
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined
      throw error
    }
  }

  async function recordIn(name: RecordName, opened: OpenedRecord): Promise<StoredRecord> {
    return await openedRecord(name, opened, {
      where: JSON.stringify(fileOf(name)),
      setAsideTo: 'the folder set-aside',
      setAside: () => moveAside(name),
    })
  }

  async function readExclusively(name: RecordName): Promise<StoredRecord | undefined> {
    const text = await readText(name)
    return text === undefined ? undefined : await recordIn(name, cipher.open(name, text))
  }

  async function moveAside(name: RecordName): Promise<void> {
    const file = fileOf(name)
    const target = `${name.kind}-${path.basename(file)}-${Date.now()}`
    await rename(file, path.join(root, 'set-aside', target))
  }

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
    fileOf,
    async list(kind) {
      const names = await readdir(path.join(root, kind))
      return names.flatMap((name) => recordFile.exec(name)?.[1] ?? [])
    },
    readText,
    async read(name) {
      const text = await readText(name)
      if (text === undefined) return undefined
      const opened = cipher.open(name, text)
      // A damaged record is read again under the write lock: another process may be replacing it, and
      // the new record must not be set aside.
      return 'unreadable' in opened && opened.unreadable === 'damaged'
        ? await exclusively(() => readExclusively(name))
        : await recordIn(name, opened)
    },
    readExclusively,
    open: (name, text) => recordIn(name, cipher.open(name, text)),
    canOpen: (name, text) => 'record' in cipher.open(name, text),
    moveAside,
    exclusively,
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
