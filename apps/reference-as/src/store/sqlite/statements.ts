import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Row } from '../rows.ts'

/** Prepares statements of one database. */
export interface Statements {
  /** All rows of a query. */
  readonly all: (sql: string) => (...values: SQLInputValue[]) => Row[]
  /** The first row of a query. */
  readonly first: (sql: string) => (...values: SQLInputValue[]) => Row | undefined
  /** Executes a statement and returns the number of changed rows. */
  readonly run: (sql: string) => (...values: SQLInputValue[]) => number
}

export function statementsOf(database: DatabaseSync): Statements {
  return {
    all(sql) {
      const statement = database.prepare(sql)
      return (...values) => statement.all(...values)
    },
    first(sql) {
      const statement = database.prepare(sql)
      return (...values) => statement.get(...values)
    },
    run(sql) {
      const statement = database.prepare(sql)
      return (...values) => Number(statement.run(...values).changes)
    },
  }
}

/** Runs work in a transaction. */
export type Transaction = <Result>(work: () => Result) => Result

/** `IMMEDIATE` takes the write lock first, so what the work reads is still true when it writes. */
export function transactionOn(database: DatabaseSync): Transaction {
  const begin: StatementSync = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  const rollback = database.prepare('ROLLBACK')
  return (work) => {
    begin.run()
    try {
      const result = work()
      commit.run()
      return result
    } catch (error) {
      // Some failures, such as a full disk, have already rolled back.
      if (database.isTransaction) rollback.run()
      throw error
    }
  }
}
