import { DatabaseSync } from 'node:sqlite'
import { ReferenceServerError } from '../../errors.ts'
import { createGroupCommit } from '../group-commit.ts'
import { refreshTokenExpiry } from '../rows.ts'
import type { Store } from '../store.ts'
import { sweepBatchRows, sweepInBatches } from '../sweep.ts'
import { sqliteAccounts } from './accounts.ts'
import { sqliteArtifacts } from './artifacts.ts'
import { assertUsable, keepToOwner, prepareFile } from './database-file.ts'
import { sqliteRateLimiters } from './rate-limiter.ts'
import { sqliteActiveGrants, sqliteRefreshReads, sqliteRefreshTokens } from './refresh-tokens.ts'
import { assertKnownVersion, prepareSchema } from './schema.ts'
import { sqliteSecrets } from './secrets.ts'
import { statementsOf, transactionOn } from './statements.ts'
import type { Statements } from './statements.ts'

/**
 * Opens a SQLite database, and creates it when it does not exist. `:memory:` stores nothing on disk.
 *
 * WAL with `synchronous = NORMAL`: a killed process loses no committed transaction, a power failure
 * may lose the last ones. The log is merged into the file at 10,000 pages (40 MB) instead of SQLite's
 * 1,000, because everything waits for the disk during a merge. Several processes can share one file.
 * Each waits up to 5 s for another.
 *
 * @throws {@link ReferenceServerError} `STORE_UNAVAILABLE`
 */
export function openSqliteStore(location: string): Store {
  const database = openDatabase(location)
  const statements = statementsOf(database)
  const commits = createGroupCommit(transactionOn(database))
  const sweeps = sweepsOf(statements)
  const probe = statements.first('SELECT value FROM secrets WHERE name = ?')

  return {
    artifacts: sqliteArtifacts(statements),
    refreshTokens: sqliteRefreshTokens(statements, commits),
    accounts: sqliteAccounts(statements),
    secrets: sqliteSecrets(statements),
    findForRefresh: sqliteRefreshReads(statements),
    rateLimiter: sqliteRateLimiters(database),
    listActiveGrants: sqliteActiveGrants(statements),
    async check() {
      probe('')
      if (location !== ':memory:') assertUsable(location)
    },
    async sweep(beforeEpochSeconds) {
      let swept = 0
      for (const sweep of sweeps) {
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

/** The statements of a sweep, each for one batch. */
function sweepsOf({ run }: Statements): readonly ((beforeEpochSeconds: number) => number)[] {
  return [
    run(
      `DELETE FROM artifacts WHERE (model, id) IN
         (SELECT model, id FROM artifacts WHERE expires_at < ? LIMIT ${sweepBatchRows})`,
    ),
    run(
      `DELETE FROM refresh_tokens WHERE rowid IN
         (SELECT rowid FROM refresh_tokens WHERE ${refreshTokenExpiry} < ? LIMIT ${sweepBatchRows})`,
    ),
    run(
      `DELETE FROM rate_limits WHERE rowid IN
         (SELECT rowid FROM rate_limits WHERE expire < ? * 1000 LIMIT ${sweepBatchRows})`,
    ),
  ]
}

function openDatabase(location: string): DatabaseSync {
  try {
    if (location !== ':memory:') prepareFile(location)
    const database = new DatabaseSync(location, { timeout: 5000 })
    assertKnownVersion(database)
    // Only after the file is known to be a database: a wrong --db must not change another file.
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
      `Cannot use the database ${JSON.stringify(location)}: ${why} (expected a writable SQLite ` +
        'file in an existing folder). Check --db and the permissions of the file.',
      { cause },
    )
  }
}
