import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { RateLimiterSQLite } from 'rate-limiter-flexible'
import type { RateLimiterOptions, Store } from '../store.ts'

/** The part of better-sqlite3 that the library uses, over `node:sqlite`. */
interface BetterSqlite {
  prepare(sql: string): StatementSync
  transaction<Parameters extends readonly SQLInputValue[], Result>(
    work: (...values: Parameters) => Result,
  ): (...values: Parameters) => Result
}

export function sqliteRateLimiters(database: DatabaseSync): Store['rateLimiter'] {
  // The library prepares its few statements again for each event.
  const prepared = new Map<string, StatementSync>()
  const storeClient: BetterSqlite = {
    prepare(sql) {
      const statement = prepared.get(sql) ?? database.prepare(sql)
      prepared.set(sql, statement)
      return statement
    },
    // Each transaction of the library is one statement, which is atomic in SQLite.
    transaction: (work) => work,
  }
  return (options: RateLimiterOptions) =>
    new RateLimiterSQLite({
      ...options,
      storeClient,
      storeType: 'better-sqlite3',
      tableName: 'rate_limits',
      tableCreated: true,
      clearExpiredByTimeout: false,
    })
}
