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
import { tablePrefix, tables } from '../../names.ts'

// Payloads are text, not jsonb: jsonb refuses the character NUL, and no query reads their members.
// Names compare by COLLATE "C", so that the rule does not depend on the database's locale and is the
// same as in SQLite: A to Z are case-insensitive.
// Rate limits are unlogged: a crash of the database may reset them, and they cost no log writes.
const schema = `
  CREATE TABLE IF NOT EXISTS ${tables.layout} (version integer NOT NULL);

  CREATE TABLE IF NOT EXISTS ${tables.artifacts} (
    model text NOT NULL,
    id text NOT NULL,
    payload text NOT NULL,
    expires_at bigint,
    grant_id text,
    lookup_key text,
    consumed_at bigint,
    PRIMARY KEY (model, id)
  );
  CREATE INDEX IF NOT EXISTS ${tablePrefix}artifacts_by_grant
    ON ${tables.artifacts} (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS ${tablePrefix}artifacts_by_key
    ON ${tables.artifacts} (model, lookup_key) WHERE lookup_key IS NOT NULL;
  CREATE INDEX IF NOT EXISTS ${tablePrefix}artifacts_by_expiry
    ON ${tables.artifacts} (expires_at) WHERE expires_at IS NOT NULL;

  CREATE TABLE IF NOT EXISTS ${tables.refreshTokens} (
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
  CREATE INDEX IF NOT EXISTS ${tablePrefix}refresh_tokens_by_family
    ON ${tables.refreshTokens} (family_id);
  CREATE INDEX IF NOT EXISTS ${tablePrefix}refresh_tokens_by_end
    ON ${tables.refreshTokens} ((${refreshTokenExpiry}));
  CREATE INDEX IF NOT EXISTS ${tablePrefix}live_refresh_tokens_by_account
    ON ${tables.refreshTokens} (account_id) WHERE superseded_at IS NULL;

  CREATE TABLE IF NOT EXISTS ${tables.accounts} (
    id text PRIMARY KEY,
    username text NOT NULL,
    password_hash text NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS ${tablePrefix}accounts_by_name
    ON ${tables.accounts} (lower(username COLLATE "C"));
  CREATE TABLE IF NOT EXISTS ${tables.secrets} (name text PRIMARY KEY, value text NOT NULL);

  -- The columns of rate-limiter-flexible: expire is in milliseconds.
  CREATE UNLOGGED TABLE IF NOT EXISTS ${tables.rateLimits} (
    key text PRIMARY KEY,
    points integer NOT NULL,
    expire bigint
  );
  CREATE INDEX IF NOT EXISTS ${tablePrefix}rate_limits_by_expiry ON ${tables.rateLimits} (expire);
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
      const { rows } = await client.query<QueryResultRow>(`SELECT version FROM ${tables.layout}`)
      const found = rows[0] === undefined ? undefined : number(rows[0], 'version')
      if (found === undefined) {
        await client.query(`INSERT INTO ${tables.layout} VALUES ($1)`, [schemaVersion])
      } else if (found > schemaVersion) {
        throw new Error(
          `its schema has version ${found}, and this server supports versions up to ${schemaVersion}`,
        )
      } else if (found < 2) {
        await expireRegistrations(client)
        await client.query(`UPDATE ${tables.layout} SET version = $1`, [schemaVersion])
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
    `UPDATE ${tables.artifacts} SET expires_at = ${unusedRegistrationSeconds} + GREATEST(
       extract(epoch FROM now())::bigint,
       (SELECT max(expires_at) FROM ${tables.artifacts} WHERE model = 'Grant')
     ) WHERE model = 'Client'`,
  )
  const { rows } = await client.query<QueryResultRow>(
    `SELECT id, payload FROM ${tables.artifacts} WHERE model = 'Client'`,
  )
  for (const row of rows) {
    await client.query(
      `UPDATE ${tables.artifacts} SET payload = $2 WHERE model = 'Client' AND id = $1`,
      [text(row, 'id'), withoutSecret(row)],
    )
  }
}
