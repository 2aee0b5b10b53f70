import type { DatabaseSync } from 'node:sqlite'
import {
  number,
  refreshTokenExpiry,
  schemaVersion,
  text,
  unusedRegistrationSeconds,
  withoutSecret,
} from '../rows.ts'

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
  CREATE INDEX IF NOT EXISTS refresh_tokens_by_end ON refresh_tokens (${refreshTokenExpiry});
  CREATE INDEX IF NOT EXISTS live_refresh_tokens_by_account ON refresh_tokens (account_id)
    WHERE superseded_at IS NULL;

  CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password_hash TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);

  -- The columns of rate-limiter-flexible: expire is in milliseconds.
  CREATE TABLE IF NOT EXISTS rate_limits (
    key TEXT PRIMARY KEY,
    points INTEGER NOT NULL,
    expire INTEGER
  );
  CREATE INDEX IF NOT EXISTS rate_limits_by_expiry ON rate_limits (expire);
`

/** @throws when the database was written by a later version. */
export function assertKnownVersion(database: DatabaseSync): void {
  const found = versionOf(database)
  if (found <= schemaVersion) return
  throw new Error(
    `its schema has version ${found}, and this server supports versions up to ${schemaVersion}`,
  )
}

/** Creates the tables, and migrates those of an earlier version. */
export function prepareSchema(database: DatabaseSync): void {
  // Overwritten data, which includes secrets, must not stay in free pages of the file.
  database.exec('PRAGMA secure_delete = ON; BEGIN IMMEDIATE')
  try {
    // Read again: another process may have migrated the database in the meantime.
    const found = versionOf(database)
    database.exec(schema)
    if (found === 1) expireRegistrations(database)
    database.exec(`PRAGMA user_version = ${schemaVersion}; COMMIT`)
    if (found === 1) database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
  database.exec('PRAGMA secure_delete = OFF')
}

function versionOf(database: DatabaseSync): number {
  return number(database.prepare('PRAGMA user_version').get() ?? {}, 'user_version')
}

/** Version 1 kept registrations forever, with their secrets in the clear. */
function expireRegistrations(database: DatabaseSync): void {
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
