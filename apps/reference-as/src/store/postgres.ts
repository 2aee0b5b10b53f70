import { Pool, TypeOverrides, types } from 'pg'
import type { PoolClient, QueryResultRow } from 'pg'
import { ReferenceServerError } from '../errors.ts'
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

// Payloads are text, not jsonb: jsonb refuses the character NUL, and nothing looks inside them.
// Names compare by COLLATE "C", so that the rule does not change with the database's locale and
// is the same as in SQLite: A to Z without regard to case.
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
    ON evergrant_as_refresh_tokens ((${refreshTokenEnd}));
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
`

/** `CREATE … IF NOT EXISTS` of two sessions at once can fail, so instances take turns at it. */
const schemaLock = 'evergrant_as schema'

type Value = string | number | null

/**
 * Opens a Postgres database by its connection string; makes the tables it needs, `evergrant_as_*`
 * in the first schema of the search path.
 *
 * Concurrency: any number of instances share one database. Each has a pool of ten connections;
 * one that breaks is replaced, and only the request that was using it fails. Nothing waits for
 * longer than ten seconds.
 *
 * @throws {@link ReferenceServerError} `STORE_UNAVAILABLE`
 */
export async function openPostgresStore(connectionString: string): Promise<Store> {
  const pool = createPool(connectionString)
  await prepareSchema(pool)

  const run = (name: string, sql: string) => {
    const query = { name, text: sql }
    return async (...values: Value[]): Promise<number> =>
      (await pool.query({ ...query, values })).rowCount ?? 0
  }
  const all = (name: string, sql: string) => {
    const query = { name, text: sql }
    return async (...values: Value[]): Promise<readonly Row[]> => {
      // Postgres refuses NUL in any text, so nothing is stored under a name that holds one.
      if (values.some((value) => typeof value === 'string' && value.includes('\0'))) return []
      return (await pool.query<QueryResultRow>({ ...query, values })).rows
    }
  }
  const first = (name: string, sql: string) => {
    const query = all(name, sql)
    return async (...values: Value[]): Promise<Row | undefined> => (await query(...values))[0]
  }

  const putArtifact = run(
    'put_artifact',
    `INSERT INTO evergrant_as_artifacts (${artifactColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (model, id) DO UPDATE SET
       payload = excluded.payload, expires_at = excluded.expires_at, grant_id = excluded.grant_id,
       lookup_key = excluded.lookup_key, consumed_at = excluded.consumed_at`,
  )
  const addArtifact = run(
    'add_artifact',
    `INSERT INTO evergrant_as_artifacts (${artifactColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (model, id) DO NOTHING`,
  )
  const findArtifact = first(
    'find_artifact',
    'SELECT * FROM evergrant_as_artifacts WHERE model = $1 AND id = $2',
  )
  const findArtifactByKey = first(
    'find_artifact_by_key',
    'SELECT * FROM evergrant_as_artifacts WHERE model = $1 AND lookup_key = $2',
  )
  const consumeArtifact = run(
    'consume_artifact',
    'UPDATE evergrant_as_artifacts SET consumed_at = $3 WHERE model = $1 AND id = $2 AND consumed_at IS NULL',
  )
  const extendArtifact = run(
    'extend_artifact',
    `UPDATE evergrant_as_artifacts SET expires_at =
       CASE WHEN expires_at IS NULL THEN NULL ELSE GREATEST(expires_at, $3::bigint) END
     WHERE model = $1 AND id = $2`,
  )
  const deleteArtifact = run(
    'delete_artifact',
    'DELETE FROM evergrant_as_artifacts WHERE model = $1 AND id = $2',
  )
  const deleteArtifactsByGrant = run(
    'delete_artifacts_by_grant',
    'DELETE FROM evergrant_as_artifacts WHERE model = $1 AND grant_id = $2',
  )

  const insertRefreshToken = run(
    'insert_refresh_token',
    `INSERT INTO evergrant_as_refresh_tokens (${refreshTokenColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
  )
  const findRefreshToken = first(
    'find_refresh_token',
    'SELECT * FROM evergrant_as_refresh_tokens WHERE id = $1',
  )
  // One statement is one transaction. Who loses the race waits for the winner's row, looks at the
  // condition again and finds it false.
  const supersede = run(
    'supersede',
    `WITH marked AS (
       UPDATE evergrant_as_refresh_tokens SET superseded_at = $9, successor_id = $1
       WHERE id = $8 AND superseded_at IS NULL RETURNING 1
     )
     INSERT INTO evergrant_as_refresh_tokens (${refreshTokenColumns})
     SELECT $1, $2, $3, $4::bigint, $5::bigint, $6::bigint, $7 FROM marked`,
  )
  const markUsed = run(
    'mark_used',
    `UPDATE evergrant_as_refresh_tokens SET first_used_at = $2
     WHERE id = $1 AND first_used_at IS NULL`,
  )
  const liveRefreshTokens = all(
    'live_refresh_tokens',
    `SELECT * FROM evergrant_as_refresh_tokens
     WHERE account_id = $1 AND superseded_at IS NULL AND expires_at > $2
     ORDER BY issued_at DESC`,
  )

  const addAccount = run(
    'add_account',
    `INSERT INTO evergrant_as_accounts (id, username, password_hash) VALUES ($1, $2, $3)
     ON CONFLICT DO NOTHING`,
  )
  const accountById = first('account_by_id', 'SELECT * FROM evergrant_as_accounts WHERE id = $1')
  const isNamed = 'lower(username COLLATE "C") = lower($1::text COLLATE "C")'
  const accountByName = first(
    'account_by_name',
    `SELECT * FROM evergrant_as_accounts WHERE ${isNamed}`,
  )
  const accounts = all(
    'accounts',
    'SELECT * FROM evergrant_as_accounts ORDER BY lower(username COLLATE "C")',
  )
  const removeAccount = run('remove_account', `DELETE FROM evergrant_as_accounts WHERE ${isNamed}`)

  const addSecret = run(
    'add_secret',
    'INSERT INTO evergrant_as_secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING',
  )
  const findSecret = first('find_secret', 'SELECT value FROM evergrant_as_secrets WHERE name = $1')
  const replaceSecret = run(
    'replace_secret',
    'UPDATE evergrant_as_secrets SET value = $3 WHERE name = $1 AND value = $2',
  )

  // Rows that another session holds are left to the next sweep: who waits for nothing takes part
  // in no deadlock.
  const ends = { artifacts: 'expires_at', refresh_tokens: refreshTokenEnd }
  const sweeps = Object.entries(ends).map(([table, end]) =>
    run(
      `sweep_${table}`,
      `DELETE FROM evergrant_as_${table} WHERE ctid = ANY (ARRAY (
         SELECT ctid FROM evergrant_as_${table} WHERE ${end} < $1
         LIMIT ${sweepBatchRows} FOR UPDATE SKIP LOCKED
       ))`,
    ),
  )
  const findLayout = first(
    'find_layout',
    `SELECT current_setting('transaction_read_only') AS read_only FROM evergrant_as_layout`,
  )

  return {
    artifacts: {
      async put(model, id, artifact) {
        await putArtifact(...artifactValues(model, id, artifact))
      },
      async add(model, id, artifact) {
        return (await addArtifact(...artifactValues(model, id, artifact))) === 1
      },
      async find(model, id) {
        return artifactFrom(await findArtifact(model, id))
      },
      async findByLookupKey(model, lookupKey) {
        return artifactFrom(await findArtifactByKey(model, lookupKey))
      },
      async consume(model, id, consumedAtEpochSeconds) {
        return (await consumeArtifact(model, id, consumedAtEpochSeconds)) === 1
      },
      async extend(model, id, expiresAtEpochSeconds) {
        return (await extendArtifact(model, id, expiresAtEpochSeconds)) === 1
      },
      async delete(model, id) {
        await deleteArtifact(model, id)
      },
      async deleteByGrant(model, grantId) {
        await deleteArtifactsByGrant(model, grantId)
      },
    },

    refreshTokens: {
      async insert(record) {
        await insertRefreshToken(...refreshTokenValues(record))
      },
      async find(id) {
        return refreshTokenFrom(await findRefreshToken(id))
      },
      async supersede(id, successor, supersededAtEpochSeconds) {
        const values = refreshTokenValues(successor)
        if ((await supersede(...values, id, supersededAtEpochSeconds)) === 1) return 'superseded'
        return (await findRefreshToken(id)) === undefined ? 'missing' : 'already-superseded'
      },
      async markUsed(id, firstUsedAtEpochSeconds) {
        await markUsed(id, firstUsedAtEpochSeconds)
      },
      async revokeFamily(familyId) {
        await transaction(pool, async (client) => {
          // One revocation of a family at a time: two could lock its rows crosswise.
          await client.query(lockSql, [familyId])
          // A rotation in flight holds the row of its predecessor, so the DELETE waits for it; but
          // it does not see the successor, which was not there when it began. The next one does.
          // Nothing is left to grow from when one finds nothing.
          const sql = 'DELETE FROM evergrant_as_refresh_tokens WHERE family_id = $1'
          while (((await client.query(sql, [familyId])).rowCount ?? 0) > 0);
        })
      },
    },

    accounts: {
      async add({ id, username, passwordHash }) {
        return (await addAccount(id, username, passwordHash)) === 1
      },
      async findById(id) {
        return accountFrom(await accountById(id))
      },
      async findByUsername(username) {
        return accountFrom(await accountByName(username))
      },
      async list() {
        return (await accounts()).flatMap((row) => accountFrom(row) ?? [])
      },
      async remove(username) {
        return (await removeAccount(username)) === 1
      },
    },

    secrets: {
      async getOrCreate(name, create) {
        const existing = await findSecret(name)
        if (existing !== undefined) return text(existing, 'value')
        // The primary key is the lock: of instances that start at once, one stores what it made.
        await addSecret(name, await create())
        return text((await findSecret(name)) ?? {}, 'value')
      },
      async replace(name, current, next) {
        return (await replaceSecret(name, current, next)) === 1
      },
    },

    async listLastingGrants(accountId, nowEpochSeconds) {
      const rows = await liveRefreshTokens(accountId, nowEpochSeconds)
      return rows.map((row) => lastingGrantFrom(row))
    },
    async check() {
      const found = await findLayout()
      if (found === undefined) throw new Error('evergrant_as_layout is empty')
      // A standby, for one, or a server that was set so since its disk is full.
      if (found['read_only'] !== 'off') throw new Error('the database takes no writes')
    },
    async sweep(beforeEpochSeconds) {
      let swept = 0
      for (const sweep of sweeps) {
        swept += await sweepInBatches(
          async () => await sweep(beforeEpochSeconds),
          () => !pool.ending,
        )
      }
      return swept
    },
    async close() {
      await pool.end()
    },
  }
}

const lockSql = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 2207))'

function createPool(connectionString: string): Pool {
  const parsers = new TypeOverrides()
  // Epoch seconds: whole numbers far below 2^53.
  parsers.setTypeParser(types.builtins.INT8, Number)
  try {
    const pool = new Pool({
      connectionString,
      application_name: 'evergrant-as',
      connectionTimeoutMillis: 5000,
      statement_timeout: 10_000,
      query_timeout: 10_000,
      types: parsers,
    })
    // The server closed a connection nobody was using: the pool drops it. Without a listener the
    // process would end; whoever asks next gets a new connection or the error.
    pool.on('error', () => {})
    return pool
  } catch (cause) {
    throw unavailable(cause)
  }
}

async function prepareSchema(pool: Pool): Promise<void> {
  try {
    await transaction(pool, async (client) => {
      await client.query(lockSql, [schemaLock])
      await client.query(schema)
      const { rows } = await client.query<QueryResultRow>('SELECT version FROM evergrant_as_layout')
      const found = rows[0] === undefined ? undefined : number(rows[0], 'version')
      if (found === undefined) {
        await client.query('INSERT INTO evergrant_as_layout VALUES ($1)', [schemaVersion])
      } else if (found > schemaVersion) {
        throw new Error(`its layout has version ${found}, this server knows up to ${schemaVersion}`)
      } else if (found < 2) {
        await endRegistrations(client)
        await client.query('UPDATE evergrant_as_layout SET version = $1', [schemaVersion])
      }
    })
  } catch (error) {
    await pool.end()
    throw unavailable(error)
  }
}

/** Version 1 kept registrations for good, with their secrets in clear. */
async function endRegistrations(client: PoolClient): Promise<void> {
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

async function transaction<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  let broken: Error | undefined
  // A connection that breaks while it is out of the pool reports here, and to the running query.
  const onError = (error: Error) => {
    broken = error
  }
  client.on('error', onError)
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError: unknown) => {
      broken = rollbackError instanceof Error ? rollbackError : new Error(String(rollbackError))
    })
    throw error
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}

function unavailable(cause: unknown): ReferenceServerError {
  // A host with several addresses fails with one error for each, and an empty message of its own.
  const reasons = cause instanceof AggregateError ? cause.errors : [cause]
  const why = reasons.map((one) => (one instanceof Error ? one.message : String(one))).join('; ')
  return new ReferenceServerError(
    'STORE_UNAVAILABLE',
    `Cannot use the Postgres database: ${why}. Expected postgres://user:password@host:port/name ` +
      'of a database in which tables may be made; check --db, and that the server is running.',
    { cause },
  )
}
