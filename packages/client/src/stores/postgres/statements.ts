import { EvergrantClientError } from '../../lib/errors.ts'
import { within } from '../locking/bounded.ts'
import type { PostgresPool, PostgresValue } from './pool.ts'

/** Runs one statement of a store, on any connection of the pool. */
export type RunStatement = (
  text: string,
  values: PostgresValue[],
) => Promise<readonly Record<string, unknown>[]>

/** How statements run. */
export interface StatementSettings {
  /** The quoted name of the table, for messages. */
  readonly table: string
  readonly requestTimeoutMilliseconds: number
}

/** @returns Rejects with `TOKEN_STORE_UNAVAILABLE`. The cause is the error of `pg`. */
export function statements(
  pool: PostgresPool,
  { table, requestTimeoutMilliseconds }: StatementSettings,
): RunStatement {
  return async (text, values) => {
    try {
      const { rows } = await within(
        requestTimeoutMilliseconds * 1.5,
        'PostgreSQL',
        pool.query({ text, values, query_timeout: requestTimeoutMilliseconds }),
      )
      return rows
    } catch (cause) {
      throw unavailable(table, cause)
    }
  }
}

/** The text of a column. Numbers are read as text, because a host may have changed how `pg` parses them. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The code of a PostgreSQL error, also if it is the cause of an error of the store. */
export function sqlState(error: unknown): string | undefined {
  const source = EvergrantClientError.is(error) ? error.cause : error
  return source instanceof Error && 'code' in source && typeof source.code === 'string'
    ? source.code
    : undefined
}

const undefinedTable = '42P01'
const undefinedColumn = '42703'

/** The error of a failed statement. */
export function unavailable(table: string, cause?: unknown): EvergrantClientError {
  const state = sqlState(cause)
  let message = `A PostgreSQL query of the token store failed (table ${table}). Check that the database is reachable, and that its user may read and write the table.`
  if (state === undefinedTable) {
    message = `The PostgreSQL table ${table} does not exist. Create it with createPostgresTable(), or run the statements of postgresTableSql().`
  }
  if (state === undefinedColumn) message = outdatedTable(table)
  return new EvergrantClientError('TOKEN_STORE_UNAVAILABLE', message, { cause })
}

/** What to do with a table of an older version. */
export function outdatedTable(table: string): string {
  return `The PostgreSQL table ${table} cannot be used: it has no index of due grants (an older version created it). Update it with createPostgresTable(), or run the statements of postgresMigrationSql(). Both are safe while other processes use the table.`
}
