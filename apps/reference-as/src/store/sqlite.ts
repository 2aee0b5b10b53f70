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
import type { SQLInputValue } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import type { RefreshTokenRecord } from '@evergrant/authorization-server'
import type { AdapterPayload } from 'oidc-provider'
import { ReferenceServerError } from '../errors.ts'
import { createGroupCommit } from './group-commit.ts'
import {
  accountFrom,
  artifactColumns,
  artifactFrom,
  artifactValues,
  lastingGrantFrom,
  number,
  refreshTokenColumns,
  refreshTokenEnd,
  refreshTokenFrom,
  refreshTokenValues,
  schemaVersion,
  text,
  unusedRegistrationSeconds,
  withoutSecret,
} from './rows.ts'
import type { Row } from './rows.ts'
import type { Store } from './store.ts'
import { sweepBatchRows, sweepInBatches } from './sweep.ts'

const schema = `
  CREATE TABLE IF NOT EXISTS artifacts (
    model TEXT NOT NULL,
    id TEXT NOT NULL,
    payload TEXT NOT NULL,
    expires_at INTEGER,
    grant_id TEXT,
    lookup_key TEXT,
    consumed_at INTEGER,
    PRIMARY KEY (model, id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS artifacts_by_grant ON artifacts (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS artifacts_by_key ON artifacts (model, lookup_key)
    WHERE lookup_key IS NOT NULL;
  CREATE INDEX IF NOT EXISTS artifacts_by_expiry ON artifacts (expires_at)
    WHERE expires_at IS NOT NULL;

  CREATE TABLE IF NOT EXISTS refresh_tokens (
    id TEXT PRIMARY KEY,
    family_id TEXT NOT NULL,
    account_id TEXT,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    family_expires_at INTEGER NOT NULL,
    superseded_at INTEGER,
    successor_id TEXT,
    first_used_at INTEGER,
    data TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS refresh_tokens_by_family ON refresh_tokens (family_id);
  CREATE INDEX IF NOT EXISTS refresh_tokens_by_end ON refresh_tokens (${refreshTokenEnd});
  CREATE INDEX IF NOT EXISTS live_refresh_tokens_by_account ON refresh_tokens (account_id)
    WHERE superseded_at IS NULL;

  CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password_hash TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`

/**
 * Opens a SQLite database; creates it when there is none. `:memory:` keeps nothing.
 *
 * WAL with `synchronous = NORMAL`: a killed process loses no committed transaction, a power cut
 * may lose the last ones. The log is taken over into the file at 10,000 pages (40 MB), not at
 * SQLite's 1,000: each time, everything waits for the disk. Several processes may share one file; each waits up to 5 s for another.
 *
 * @throws {@link ReferenceServerError} `STORE_UNAVAILABLE`
 */
export function openSqliteStore(location: string): Store {
  const database = openDatabase(location)
  const all = (sql: string) => {
    const statement = database.prepare(sql)
    return (...values: SQLInputValue[]): Row[] => statement.all(...values)
  }
  const first = (sql: string) => {
    const statement = database.prepare(sql)
    return (...values: SQLInputValue[]): Row | undefined => statement.get(...values)
  }
  const run = (sql: string) => {
    const statement = database.prepare(sql)
    return (...values: SQLInputValue[]): number => Number(statement.run(...values).changes)
  }

  const putArtifact = run(
    `INSERT OR REPLACE INTO artifacts (${artifactColumns}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const addArtifact = run(
    `INSERT INTO artifacts (${artifactColumns}) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (model, id) DO NOTHING`,
  )
  const findArtifact = first('SELECT * FROM artifacts WHERE model = ? AND id = ?')
  const findArtifactByKey = first('SELECT * FROM artifacts WHERE model = ? AND lookup_key = ?')
  const consumeArtifact = run(
    'UPDATE artifacts SET consumed_at = ? WHERE model = ? AND id = ? AND consumed_at IS NULL',
  )
  const extendArtifact = run(
    'UPDATE artifacts SET expires_at = max(expires_at, ?) WHERE model = ? AND id = ?',
  )
  const deleteArtifact = run('DELETE FROM artifacts WHERE model = ? AND id = ?')
  const deleteArtifactsByGrant = run('DELETE FROM artifacts WHERE grant_id = ? AND model = ?')

  const insertRefreshToken = run(
    `INSERT INTO refresh_tokens (${refreshTokenColumns}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const findRefreshToken = first('SELECT * FROM refresh_tokens WHERE id = ?')
  const markSuperseded = run(
    `UPDATE refresh_tokens SET superseded_at = ?, successor_id = ?
     WHERE id = ? AND superseded_at IS NULL`,
  )
  const markUsed = run(
    'UPDATE refresh_tokens SET first_used_at = ? WHERE id = ? AND first_used_at IS NULL',
  )
  const deleteFamily = run('DELETE FROM refresh_tokens WHERE family_id = ?')
  const liveRefreshTokens = all(
    `SELECT * FROM refresh_tokens
     WHERE account_id = ? AND superseded_at IS NULL AND expires_at > ?
     ORDER BY issued_at DESC`,
  )

  const addAccount = run(
    'INSERT OR IGNORE INTO accounts (id, username, password_hash) VALUES (?, ?, ?)',
  )
  const accountById = first('SELECT * FROM accounts WHERE id = ?')
  const accountByName = first('SELECT * FROM accounts WHERE username = ?')
  const accounts = all('SELECT * FROM accounts ORDER BY username')
  const removeAccount = run('DELETE FROM accounts WHERE username = ?')

  const addSecret = run('INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)')
  const findSecret = first('SELECT value FROM secrets WHERE name = ?')
  const replaceSecret = run('UPDATE secrets SET value = ? WHERE name = ? AND value = ?')

  const sweepArtifacts = run(
    `DELETE FROM artifacts WHERE (model, id) IN
       (SELECT model, id FROM artifacts WHERE expires_at < ? LIMIT ${sweepBatchRows})`,
  )
  const sweepRefreshTokens = run(
    `DELETE FROM refresh_tokens WHERE rowid IN
       (SELECT rowid FROM refresh_tokens WHERE ${refreshTokenEnd} < ? LIMIT ${sweepBatchRows})`,
  )

  function insert(record: RefreshTokenRecord<AdapterPayload>): void {
    insertRefreshToken(...refreshTokenValues(record))
  }

  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  const rollback = database.prepare('ROLLBACK')

  /** IMMEDIATE: the write lock is taken first, so the look inside is still true at the write. */
  function transaction<Result>(work: () => Result): Result {
    begin.run()
    try {
      const result = work()
      commit.run()
      return result
    } catch (error) {
      // Some failures, a full disk for one, have rolled back already.
      if (database.isTransaction) rollback.run()
      throw error
    }
  }

  const commits = createGroupCommit(transaction)

  return {
    artifacts: {
      async put(model, id, artifact) {
        putArtifact(...artifactValues(model, id, artifact))
      },
      async add(model, id, artifact) {
        return addArtifact(...artifactValues(model, id, artifact)) === 1
      },
      async find(model, id) {
        return artifactFrom(findArtifact(model, id))
      },
      async findByLookupKey(model, lookupKey) {
        return artifactFrom(findArtifactByKey(model, lookupKey))
      },
      async consume(model, id, consumedAtEpochSeconds) {
        return consumeArtifact(consumedAtEpochSeconds, model, id) === 1
      },
      async extend(model, id, expiresAtEpochSeconds) {
        return extendArtifact(expiresAtEpochSeconds, model, id) === 1
      },
      async delete(model, id) {
        deleteArtifact(model, id)
      },
      async deleteByGrant(model, grantId) {
        deleteArtifactsByGrant(grantId, model)
      },
    },

    refreshTokens: {
      async insert(record) {
        insert(record)
      },
      async find(id) {
        return refreshTokenFrom(findRefreshToken(id))
      },
      async supersede(id, successor, supersededAtEpochSeconds) {
        return await commits.enqueue(() => {
          if (markSuperseded(supersededAtEpochSeconds, successor.id, id) === 1) {
            insert(successor)
            return 'superseded'
          }
          return findRefreshToken(id) === undefined ? 'missing' : 'already-superseded'
        })
      },
      async markUsed(id, firstUsedAtEpochSeconds) {
        markUsed(firstUsedAtEpochSeconds, id)
      },
      async revokeFamily(familyId) {
        deleteFamily(familyId)
      },
    },

    accounts: {
      async add({ id, username, passwordHash }) {
        return addAccount(id, username, passwordHash) === 1
      },
      async findById(id) {
        return accountFrom(accountById(id))
      },
      async findByUsername(username) {
        return accountFrom(accountByName(username))
      },
      async list() {
        return accounts().flatMap((row) => accountFrom(row) ?? [])
      },
      async remove(username) {
        return removeAccount(username) === 1
      },
    },

    secrets: {
      async getOrCreate(name, create) {
        const existing = findSecret(name)
        if (existing !== undefined) return text(existing, 'value')
        addSecret(name, await create())
        return text(findSecret(name) ?? {}, 'value')
      },
      async replace(name, current, next) {
        return replaceSecret(next, name, current) === 1
      },
    },

    async listLastingGrants(accountId, nowEpochSeconds) {
      return liveRefreshTokens(accountId, nowEpochSeconds).map((row) => lastingGrantFrom(row))
    },
    async check() {
      findSecret('')
      if (location !== ':memory:') assertUsable(location)
    },
    async sweep(beforeEpochSeconds) {
      let swept = 0
      for (const sweep of [sweepArtifacts, sweepRefreshTokens]) {
        swept += await sweepInBatches(
          () => sweep(beforeEpochSeconds),
          () => database.isOpen,
        )
      }
      return swept
    },
    async close() {
      commits.flush()
      database.close()
    },
  }
}

function openDatabase(location: string): DatabaseSync {
  try {
    if (location !== ':memory:') prepareFile(location)
    const database = new DatabaseSync(location, { timeout: 5000 })
    const found = number(database.prepare('PRAGMA user_version').get() ?? {}, 'user_version')
    if (found > schemaVersion) {
      throw new Error(`its layout has version ${found}, this server knows up to ${schemaVersion}`)
    }
    // By now it is known to be a database: nobody else's file loses its rights by a mistyped --db.
    if (location !== ':memory:') keepToOwner(location)
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 10000',
    )
    prepareSchema(database)
    return database
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ReferenceServerError(
      'STORE_UNAVAILABLE',
      `Cannot use the database ${JSON.stringify(location)}: ${why}. Expected a writable SQLite ` +
        'file in an existing folder; check --db, its permissions, and that it is not another file.',
      { cause },
    )
  }
}

/** Makes the tables, and brings those of an earlier version up to date. */
function prepareSchema(database: DatabaseSync): void {
  // What is overwritten, secrets among it, is not left in pages of the file that are free by then.
  database.exec('PRAGMA secure_delete = ON; BEGIN IMMEDIATE')
  try {
    // Asked again: another process may have been here in the meantime.
    const found = number(database.prepare('PRAGMA user_version').get() ?? {}, 'user_version')
    database.exec(schema)
    if (found === 1) endRegistrations(database)
    database.exec(`PRAGMA user_version = ${schemaVersion}; COMMIT`)
    if (found === 1) database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
  database.exec('PRAGMA secure_delete = OFF')
}

/** Version 1 kept registrations for good, with their secrets in clear. */
function endRegistrations(database: DatabaseSync): void {
  database.exec(
    `UPDATE artifacts SET expires_at = ${unusedRegistrationSeconds} + max(
       unixepoch(), (SELECT coalesce(max(expires_at), 0) FROM artifacts WHERE model = 'Grant')
     ) WHERE model = 'Client'`,
  )
  const update = database.prepare(
    "UPDATE artifacts SET payload = ? WHERE model = 'Client' AND id = ?",
  )
  const rows = database.prepare("SELECT id, payload FROM artifacts WHERE model = 'Client'").all()
  for (const row of rows) update.run(withoutSecret(row), text(row, 'id'))
}

/** Makes the file for its owner alone, or makes sure that the one that is there takes writes. */
function prepareFile(location: string): void {
  try {
    // Only a file that is new may be opened here: closing one that a database of this process has
    // open would take the locks from it.
    closeSync(openSync(location, 'wx', 0o600))
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
    assertWritable(location)
  }
}

/** A file that somebody made read-only stays so, whatever this process is allowed to do. */
function assertWritable(location: string): void {
  const mode = statSync(location, { throwIfNoEntry: false })?.mode
  if (mode === undefined || (rightsIn(mode, 0o222) !== 0 && mayWrite(location))) return
  throw new Error(
    `it is read-only (mode ${rightsIn(mode, 0o777).toString(8)}) and was left as it is; let the ` +
      'user that runs the server write to it (chmod u+w), or name a copy with --db',
  )
}

/**
 * Asks a connection of its own: the store's has its pages in memory, and the file open even when
 * that was removed. Waits for nobody, and writes nothing.
 */
function assertUsable(location: string): void {
  assertWritable(location)
  const url = pathToFileURL(location)
  // Makes no new file where there is none.
  url.searchParams.set('mode', 'rw')
  const database = new DatabaseSync(url, { timeout: 0 })
  try {
    database.prepare('SELECT value FROM secrets LIMIT 1').get()
    database.exec('BEGIN IMMEDIATE; ROLLBACK')
  } catch (error) {
    // Another process writes, so it can be written.
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
 * Takes the rights of group and others away, and adds none. Tokens are hashed in there, signing
 * keys are not, and the logs hold what the file will. SQLite gives new logs the rights of the file.
 */
function keepToOwner(location: string): void {
  if (process.platform === 'win32') return
  // Logs lie beside the file itself, not beside a link to it.
  const database = realpathSync(location)
  for (const file of [database, `${database}-wal`, `${database}-shm`, `${database}-journal`]) {
    const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0
    if (rightsIn(mode, 0o077) === 0) continue
    try {
      chmodSync(file, rightsIn(mode, 0o700))
    } catch (error) {
      // A log goes when another process closes the database.
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }
}

function rightsIn(mode: number, mask: number): number {
  // A mode is a set of bits.
  // oxlint-disable-next-line no-bitwise
  return mode & mask
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
