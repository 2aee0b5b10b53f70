import type { Pool, QueryResultRow } from 'pg'
import type { Row } from '../rows.ts'

export type Value = string | number | null

/** Writes the n-th parameter, from 1, of one copy of a query. */
export type Parameters = (n: number) => string

/** Makes named queries, which each connection prepares once. */
export interface Queries {
  /** All rows of a query. */
  readonly all: (name: string, sql: string) => (...values: Value[]) => Promise<readonly Row[]>
  /** The first row of a query. */
  readonly first: (name: string, sql: string) => (...values: Value[]) => Promise<Row | undefined>
  /**
   * The rows of a query that consists of copies of another, one for each list of values.
   *
   * @param sqlOf - Writes the query. `copies` number the parameters of each copy.
   */
  readonly copied: (
    name: string,
    sqlOf: (copies: readonly Parameters[]) => string,
  ) => (lists: readonly (readonly Value[])[]) => Promise<readonly Row[]>
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
    copied(name, sqlOf) {
      const queries: ReturnType<typeof all>[] = []
      return async (lists) => {
        const count = lists.length
        const width = lists[0]?.length ?? 0
        const query = (queries[count] ??= all(
          `${name}_${count}`,
          sqlOf(Array.from(lists, (_, copy) => (n) => `$${copy * width + n}`)),
        ))
        return await query(...lists.flat())
      }
    },
    run(name, sql) {
      const query = { name, text: sql }
      return async (...values) => (await pool.query({ ...query, values })).rowCount ?? 0
    },
  }
}
