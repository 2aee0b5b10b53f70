import { createHash } from 'node:crypto'
import { EvergrantClientError } from '../../lib/errors.ts'
import type { PostgresPool } from './pool.ts'

/** The table of the records. */
export interface PostgresTableOptions {
  /** Its name, with or without a schema: `evergrant_records` (default), `auth.grants`. */
  readonly table?: string | undefined
}

const defaultTable = 'evergrant_records'
/** The longest that one statement may take by default. */
export const defaultTimeoutMilliseconds = 10_000

/**
 * The SQL that creates the table, for hosts that run their own migrations. You can run it
 * repeatedly, and on several machines at once.
 *
 * @throws EvergrantClientError `INVALID_OPTION` for a name that is not a plain identifier.
 */
export function postgresTableSql(options: PostgresTableOptions = {}): string {
  const table = quotedTable(options.table)
  // Two machines that create one table at the same time would conflict.
  return `SELECT pg_advisory_xact_lock(${lockKey(['create', table])});
CREATE TABLE IF NOT EXISTS ${table} (
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  generation bigint NOT NULL,
  sealed text NOT NULL,
  written_at timestamptz NOT NULL,
  PRIMARY KEY (kind, id)
);`
}

/**
 * Creates the table of a `postgresStore` if it is missing. Safe to call at every start.
 *
 * @throws EvergrantClientError `INVALID_OPTION`, `TOKEN_STORE_UNAVAILABLE`
 */
export async function createPostgresTable(
  pool: PostgresPool,
  options: PostgresTableOptions = {},
): Promise<void> {
  const text = postgresTableSql(options)
  try {
    // Several statements without parameters are one transaction.
    await pool.query({ text, values: [], query_timeout: defaultTimeoutMilliseconds })
  } catch (cause) {
    throw new EvergrantClientError(
      'TOKEN_STORE_UNAVAILABLE',
      'The PostgreSQL table for grants could not be created. Check that PostgreSQL is reachable and that its user may create tables, or run the statements of postgresTableSql() as a user who may.',
      { cause },
    )
  }
}

/** The quoted name of the table, so that no name is read as SQL. */
export function quotedTable(table: string = defaultTable): string {
  if (!/^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$/.test(table)) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The option "table" cannot be used: ${JSON.stringify(table)} (expected lower-case letters, digits and underscores, with or without a schema and a dot). Correct it.`,
    )
  }
  return table
    .split('.')
    .map((part) => `"${part}"`)
    .join('.')
}

/** The name of an advisory lock: 64 bits of a hash, signed, in decimal. */
export function lockKey(parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest()
  return digest.readBigInt64BE(0).toString()
}
