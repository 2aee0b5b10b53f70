import { setTimeout as pause } from 'node:timers/promises'
import { EvergrantClientError } from '../../lib/errors.ts'
import type { PostgresPool } from './pool.ts'
import type { RunStatement } from './statements.ts'
import { sqlState } from './statements.ts'
import type { PostgresTableOptions } from './table.ts'
import {
  dueIndexName,
  lockKey,
  postgresMigrationSql,
  postgresTableSql,
  quotedTable,
} from './table.ts'

/** What exists of a table. */
export type TableState = 'missing' | 'without-columns' | 'without-index' | 'ready'

const statementTimeoutMilliseconds = 10_000
/** The index of a very large table takes minutes. */
const migrationTimeoutMilliseconds = 3_600_000
const pauseMilliseconds = 250
/** `statement_timeout` of the role, or an operator, ended a statement. */
const canceled = '57014'
/** A lock that was not free within `lock_timeout`, and a deadlock. Both are worth another attempt. */
const passing = new Set(['55P03', '40P01'])

/**
 * Creates the table of a `postgresStore`, or updates one that an older version created. Safe to call
 * at every start, on several machines at once, and while other processes use the table.
 *
 * The update adds two columns and an index, without blocking reads or writes for longer than two
 * seconds. On a large table it takes minutes, and every machine that calls this waits for it. The role
 * needs a `statement_timeout` of 0 or of minutes for that. It uses
 * two connections of the pool.
 *
 * @throws EvergrantClientError `INVALID_OPTION`, `TOKEN_STORE_UNAVAILABLE`
 */
export async function createPostgresTable(
  pool: PostgresPool,
  options: PostgresTableOptions = {},
): Promise<void> {
  const giveUpAt = performance.now() + migrationTimeoutMilliseconds
  try {
    for (let attempts = 0; ; attempts += 1) {
      const state = await tableState(runOn(pool), options)
      if (state === 'ready') return
      if (performance.now() > giveUpAt) throw new Error('The update did not finish within an hour.')
      if (attempts > 0) await pause(pauseMilliseconds)
      await unlessBlocked(() =>
        state === 'missing' ? createTable(pool, options) : migrate(pool, options),
      )
    }
  } catch (cause) {
    if (sqlState(cause) === canceled) {
      throw new EvergrantClientError(
        'TOKEN_STORE_UNAVAILABLE',
        'The PostgreSQL table for grants could not be created or updated: the server canceled a statement, usually because of "statement_timeout". The index of a large table takes minutes. Use a role with "statement_timeout" 0 for the update, or run the statements of postgresMigrationSql() with such a role.',
        { cause },
      )
    }
    throw new EvergrantClientError(
      'TOKEN_STORE_UNAVAILABLE',
      'The PostgreSQL table for grants could not be created or updated. Check that PostgreSQL is reachable, that its user owns the table or may create it, and that the pool has two connections, or run the statements of postgresTableSql() or postgresMigrationSql() as a user who may.',
      { cause },
    )
  }
}

/** Looks up what exists of the table, in the catalog. */
export async function tableState(
  run: RunStatement,
  { table }: PostgresTableOptions,
): Promise<TableState> {
  const [row] = await run(
    `SELECT oid IS NOT NULL AS exists,
       (SELECT count(*) = 2 FROM pg_attribute WHERE attrelid = oid
         AND attname IN ('due_at', 'due_for') AND NOT attisdropped) AS columns,
       EXISTS (SELECT FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid
         WHERE indrelid = given.oid AND index.relname = $2 AND indisvalid) AS index
     FROM (SELECT to_regclass($1)::oid AS oid) AS given`,
    [quotedTable(table), dueIndexName(table)],
  )
  if (row?.['exists'] !== true) return 'missing'
  if (row['columns'] !== true) return 'without-columns'
  return row['index'] === true ? 'ready' : 'without-index'
}

function runOn(pool: PostgresPool): RunStatement {
  return async (text, values) => {
    const { rows } = await pool.query({ text, values, query_timeout: statementTimeoutMilliseconds })
    return rows
  }
}

/** Ignores failures that are worth another attempt. */
async function unlessBlocked(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!passing.has(sqlState(error) ?? '')) throw error
  }
}

async function createTable(pool: PostgresPool, options: PostgresTableOptions): Promise<void> {
  // Several statements without parameters are one transaction.
  await runOn(pool)(postgresTableSql(options), [])
}

/**
 * Runs the statements of the migration, unless another machine is running them. The guard is a lock of
 * an open transaction without a snapshot, for which CREATE INDEX CONCURRENTLY does not wait.
 */
async function migrate(pool: PostgresPool, options: PostgresTableOptions): Promise<void> {
  if (pool.options.max === 1) throw new Error('An update requires a pool of two connections.')
  const key = lockKey(['migrate', quotedTable(options.table)])
  const client = await pool.connect()
  let failed = true
  // Without a listener, a connection that breaks would end the process.
  function onError(): void {}
  client.on('error', onError)
  async function query(text: string): Promise<Record<string, unknown>[]> {
    const query_timeout = statementTimeoutMilliseconds
    return (await client.query({ text, values: [], query_timeout })).rows
  }
  try {
    await query('BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY')
    // The role can limit its transactions. Settings that the server does not have are left out.
    await query(`SELECT set_config(name, '0', true) FROM pg_settings
      WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')`)
    const [row] = await query(`SELECT pg_try_advisory_xact_lock(${key}) AS free`)
    if (row?.['free'] === true) {
      for (const text of postgresMigrationSql(options)) {
        await pool.query({ text, values: [], query_timeout: migrationTimeoutMilliseconds })
      }
    }
    await query('ROLLBACK')
    failed = false
  } finally {
    client.release(failed)
    // A destroyed connection can report its error later.
    if (!failed) client.removeListener('error', onError)
  }
}
