import { closeSync, lstatSync, openSync, statSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { McpServerError } from '../errors.ts'

const schemaVersion = 1
/** Tells this database from those of other programs: "Enot" in ASCII. */
const applicationId = 0x45_6e_6f_74

const schema = `
  CREATE TABLE notes (
    id TEXT PRIMARY KEY,
    owner_issuer TEXT NOT NULL,
    owner_kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- Orders the notes of an owner, also those that changed in the same second.
    change INTEGER NOT NULL
  );
  CREATE INDEX notes_by_owner ON notes (owner_issuer, owner_kind, owner_id, change);
`

/**
 * Opens the database of the notes, and creates it if it does not exist, readable for its owner only.
 * `:memory:` stores nothing on disk.
 *
 * WAL with `synchronous = NORMAL`: a killed process loses no stored note, a power failure may lose the
 * last ones. `secure_delete` overwrites deleted notes. Several processes can share one file.
 *
 * @throws {McpServerError} `STORE_UNAVAILABLE`
 */
export function openDatabase(location: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    if (location !== ':memory:') createForOwner(location)
    database = new DatabaseSync(nameForSqlite(location), { timeout: 2000 })
    // Before anything is written: a wrong --db must not change another file.
    const isNew = assertNotes(database)
    useWriteAheadLog(database)
    database.exec('PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON')
    if (isNew) createSchema(database)
    return database
  } catch (cause) {
    database?.close()
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new McpServerError(
      'STORE_UNAVAILABLE',
      `Cannot use the database ${JSON.stringify(location)}: ${why} (expected a writable SQLite file ` +
        'in an existing folder). Check --db and the permissions of the file.',
      { cause },
    )
  }
}

/** SQLite gives its logs the permissions of the file. */
function createForOwner(location: string): void {
  // `wx` does not follow a symbolic link, and SQLite would create its target readable for all. An existing
  // file must not be opened here: closing it would release the locks that this process has on it.
  const isLink = lstatSync(location, { throwIfNoEntry: false })?.isSymbolicLink() === true
  if (isLink && statSync(location, { throwIfNoEntry: false }) !== undefined) return
  try {
    closeSync(openSync(location, isLink ? 'a' : 'wx', 0o600))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

/** SQLite reads a name that begins with `file:` as a URI, whose query may select another database. */
function nameForSqlite(location: string): string {
  return location === ':memory:' ? location : path.resolve(location)
}

/** Returns whether the database is empty. */
function assertNotes(database: DatabaseSync): boolean {
  // One view of the file, because another process may create the schema at this moment.
  database.exec('BEGIN')
  try {
    return isEmpty(database)
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK')
  }
}

function isEmpty(database: DatabaseSync): boolean {
  const found = pragma(database, 'application_id')
  const version = pragma(database, 'user_version')
  if (found === applicationId) {
    if (version <= schemaVersion) return false
    throw new Error(
      `its schema has version ${version}, and this server supports versions up to ${schemaVersion}`,
    )
  }
  if (
    found === 0 &&
    version === 0 &&
    database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined
  ) {
    return true
  }
  throw new Error('it belongs to another program')
}

const walAttempts = 40
const walPauseMilliseconds = 50

/**
 * Two processes that switch a new file at the same time block each other, so SQLite refuses one of them
 * without waiting.
 */
function useWriteAheadLog(database: DatabaseSync): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      database.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (!isBusy(error) || attempt === walAttempts) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, walPauseMilliseconds)
    }
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

function createSchema(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    // Another process may have created it in the meantime.
    if (pragma(database, 'user_version') === 0) {
      database.exec(
        `${schema} PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`,
      )
    }
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function pragma(database: DatabaseSync, name: 'application_id' | 'user_version'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}
