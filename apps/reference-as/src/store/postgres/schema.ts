import type { Pool, PoolClient, QueryResultRow } from 'pg'
import {
  number,
  refreshTokenExpiry,
  schemaVersion,
  text,
  unusedRegistrationSeconds,
  withoutSecret,
} from '../rows.ts'
import { lockSql, transaction, unavailable } from './connections.ts'

// Payloads are text, not jsonb: jsonb refuses the character NUL, and no query reads their members.
// Names compare by COLLATE "C", so that the rule does not depend on the database's locale and is the
// same as in SQLite: A to Z are case-insensitive.
// Rate limits are unlogged: a crash of the database may reset them, and they cost no log writes.
const schema = `
  CREATE TABLE IF NOT EXISTS evergrant_as_layout (version integer NOT NULL);

  CREATE TABLE IF NOT EXISTS evergrant_as_artifacts (
    model text NOT NULL,
    id text NOT NULL,
    payload text NOT NULL,
    expires_at bigint,
    grant_id text,
    lookup_key text,
    consumed_at bigint,
    PRIMARY KEY (model, id)
  );
  CREATE INDEX IF NOT EXISTS evergrant_as_artifacts_by_grant
    ON evergrant_as_artifacts (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS evergrant_as_artifacts_by_key
    ON evergrant_as_artifacts (model, lookup_key) WHERE lookup_key IS NOT NULL;
  CREATE INDEX IF NOT EXISTS evergrant_as_artifacts_by_expiry
    ON evergrant_as_artifacts (expires_at) WHERE expires_at IS NOT NULL;

  CREATE TABLE IF NOT EXISTS evergrant_as_refresh_tokens (
    id text PRIMARY KEY,
    family_id text NOT NULL,
    account_id text,
    issued_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    family_expires_at bigint NOT NULL,
    superseded_at bigint,
    successor_id text,
    first_used_at bigint,
    data text NOT NULL
  );
  CREATE INDEX IF NOT EXISTS evergrant_as_refresh_tokens_by_family
    ON evergrant_as_refresh_tokens (family_id);
  CREATE INDEX IF NOT EXISTS evergrant_as_refresh_tokens_by_end
    ON evergrant_as_refresh_tokens ((${refreshTokenExpiry}));
  CREATE INDEX IF NOT EXISTS evergrant_as_live_refresh_tokens_by_account
    ON evergrant_as_refresh_tokens (account_id) WHERE superseded_at IS NULL;

  CREATE TABLE IF NOT EXISTS evergrant_as_accounts (
    id text PRIMARY KEY,
    username text NOT NULL,
    password_hash text NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS evergrant_as_accounts_by_name
    ON evergrant_as_accounts (lower(username COLLATE "C"));
  CREATE TABLE IF NOT EXISTS evergrant_as_secrets (name text PRIMARY KEY, value text NOT NULL);

  -- The columns of rate-limiter-flexible: expire is in milliseconds.
  CREATE UNLOGGED TABLE IF NOT EXISTS evergrant_as_rate_limits (
    key text PRIMARY KEY,
    points integer NOT NULL,
    expire bigint
  );
  CREATE INDEX IF NOT EXISTS evergrant_as_rate_limits_by_expiry ON evergrant_as_rate_limits (expire);
`

/** Concurrent `CREATE … IF NOT EXISTS` of two sessions can fail, so instances take turns. */
const schemaLock = 'evergrant_as schema'

/**
 * Creates the tables, and migrates those of an earlier version. Closes the pool when it fails.
 *
 * @throws {@link ReferenceServerError} `STORE_UNAVAILABLE`
 */
export async function prepareSchema(pool: Pool): Promise<void> {
  try {
    await transaction(pool, async (client) => {
      await client.query(lockSql, [schemaLock])
      await client.query(schema)
      const { rows } = await client.query<QueryResultRow>('SELECT version FROM evergrant_as_layout')
      const found = rows[0] === undefined ? undefined : number(rows[0], 'version')
      if (found === undefined) {
        await client.query('INSERT INTO evergrant_as_layout VALUES ($1)', [schemaVersion])
      } else if (found > schemaVersion) {
        throw new Error(
          `its schema has version ${found}, and this server supports versions up to ${schemaVersion}`,
        )
      } else if (found < 2) {
        await expireRegistrations(client)
        await client.query('UPDATE evergrant_as_layout SET version = $1', [schemaVersion])
      }
    })
  } catch (error) {
    await pool.end()
    throw unavailable(error)
  }
}

/** Version 1 kept registrations forever, with their secrets in the clear. */
async function expireRegistrations(client: PoolClient): Promise<void> {
  await client.query(
    `UPDATE evergrant_as_artifacts SET expires_at = ${unusedRegistrationSeconds} + GREATEST(
       extract(epoch FROM now())::bigint,
       (SELECT max(expires_at) FROM evergrant_as_artifacts WHERE model = 'Grant')
     ) WHERE model = 'Client'`,
  )
  const { rows } = await client.query<QueryResultRow>(
    "SELECT id, payload FROM evergrant_as_artifacts WHERE model = 'Client'",
  )
  for (const row of rows) {
    await client.query(
      "UPDATE evergrant_as_artifacts SET payload = $2 WHERE model = 'Client' AND id = $1",
      [text(row, 'id'), withoutSecret(row)],
    )
  }
}
