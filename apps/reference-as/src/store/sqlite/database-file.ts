import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  openSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'

/** Creates the file for its owner only, or checks that the existing file is writable. */
export function prepareFile(location: string): void {
  try {
    // Only a new file may be opened here: closing a file that a database of this process has open
    // would release its locks.
    closeSync(openSync(location, 'wx', 0o600))
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
    assertWritable(location)
  }
}

/** A read-only file stays read-only, even when this process would be allowed to write it. */
function assertWritable(location: string): void {
  const mode = statSync(location, { throwIfNoEntry: false })?.mode
  if (mode === undefined || (bitsOf(mode, 0o222) !== 0 && mayWrite(location))) return
  throw new Error(
    `it is read-only (mode ${bitsOf(mode, 0o777).toString(8)}) and was not changed; allow the ` +
      'user that runs the server to write it (chmod u+w), or name a copy with --db',
  )
}

/**
 * Checks the file through a separate connection: that of the store has pages in memory, and keeps
 * the file open even after it was removed. Does not wait for locks and writes nothing.
 */
export function assertUsable(location: string): void {
  assertWritable(location)
  const url = pathToFileURL(location)
  // Does not create a missing file.
  url.searchParams.set('mode', 'rw')
  const database = new DatabaseSync(url, { timeout: 0 })
  try {
    database.prepare('SELECT value FROM secrets LIMIT 1').get()
    database.exec('BEGIN IMMEDIATE; ROLLBACK')
  } catch (error) {
    // Another process is writing, so the file is writable.
    if (!isBusy(error)) throw error
  } finally {
    database.close()
  }
}

/** SQLITE_BUSY, whose extended codes have 5 in the low byte. */
function isBusy(error: unknown): boolean {
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    error.errcode % 256 === 5
  )
}

function mayWrite(location: string): boolean {
  try {
    accessSync(location, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Removes the permissions of group and others, and adds none. Tokens in the file are hashed, but
 * signing keys are not, and SQLite's logs hold the same data. SQLite gives new logs the permissions
 * of the file.
 */
export function keepToOwner(location: string): void {
  if (process.platform === 'win32') return
  // SQLite puts its logs next to the file, not next to a link to it.
  const database = realpathSync(location)
  for (const file of [database, `${database}-wal`, `${database}-shm`, `${database}-journal`]) {
    const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0
    if (bitsOf(mode, 0o077) === 0) continue
    try {
      chmodSync(file, bitsOf(mode, 0o700))
    } catch (error) {
      // A log disappears when another process closes the database.
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }
}

function bitsOf(mode: number, mask: number): number {
  // A mode is a set of bits.
  // oxlint-disable-next-line no-bitwise
  return mode & mask
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
