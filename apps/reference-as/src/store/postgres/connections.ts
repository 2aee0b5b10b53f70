import { Pool, TypeOverrides, types } from 'pg'
import type { PoolClient } from 'pg'
import { ReferenceServerError } from '../../errors.ts'
import { commandName } from '../../names.ts'

/** @throws {@link ReferenceServerError} `STORE_UNAVAILABLE` */
export function createPool(connectionString: string): Pool {
  const parsers = new TypeOverrides()
  // Epoch seconds and milliseconds: whole numbers far below 2^53.
  parsers.setTypeParser(types.builtins.INT8, Number)
  try {
    const pool = new Pool({
      connectionString,
      application_name: commandName,
      connectionTimeoutMillis: 5000,
      statement_timeout: 10_000,
      query_timeout: 10_000,
      types: parsers,
    })
    // The server closed an idle connection, and the pool drops it. Without a listener the process
    // would end. The next query gets a new connection or the error.
    pool.on('error', () => {})
    return pool
  } catch (cause) {
    throw unavailable(cause)
  }
}

/** Holds until the transaction ends. Parameter: the name of the lock. */
export const lockSql = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 2207))'

/** Runs work in a transaction, on one connection. */
export async function transaction<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  let broken: Error | undefined
  // A connection that breaks outside the pool reports here and to the running query.
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

export function unavailable(cause: unknown): ReferenceServerError {
  // A host with several addresses fails with one error per address and an empty message.
  const reasons = cause instanceof AggregateError ? cause.errors : [cause]
  const why = reasons.map((one) => (one instanceof Error ? one.message : String(one))).join('; ')
  return new ReferenceServerError(
    'STORE_UNAVAILABLE',
    `Cannot use the Postgres database: ${why} (expected postgres://user:password@host:port/name ` +
      'of a database in which the user may create tables). Check --db, and that the server is running.',
    { cause },
  )
}
