import type { Pool, QueryResultRow } from 'pg'
import type { Row } from '../rows.ts'

export type Value = string | number | null

/** Makes named queries, which each connection prepares once. */
export interface Queries {
  /** All rows of a query. */
  readonly all: (name: string, sql: string) => (...values: Value[]) => Promise<readonly Row[]>
  /** The first row of a query. */
  readonly first: (name: string, sql: string) => (...values: Value[]) => Promise<Row | undefined>
  /** Executes a statement and returns the number of changed rows. */
  readonly run: (name: string, sql: string) => (...values: Value[]) => Promise<number>
}

export function queriesOn(pool: Pool): Queries {
  const all: Queries['all'] = (name, sql) => {
    const query = { name, text: sql }
    return async (...values) => {
      // Postgres refuses NUL in any text, so nothing is stored under a name that contains one.
      if (values.some((value) => typeof value === 'string' && value.includes('\0'))) return []
      return (await pool.query<QueryResultRow>({ ...query, values })).rows
    }
  }
  return {
    all,
    first(name, sql) {
      const query = all(name, sql)
      return async (...values) => (await query(...values))[0]
    },
    run(name, sql) {
      const query = { name, text: sql }
      return async (...values) => (await pool.query({ ...query, values })).rowCount ?? 0
    },
  }
}
