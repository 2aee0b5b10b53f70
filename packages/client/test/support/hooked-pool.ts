import type { Pool, PoolClient } from 'pg'
import type { PostgresPool } from '../../src/stores/postgres.ts'

/** Sees each statement on a connection that was taken from the pool, before it is sent. */
export type BeforeStatement = (text: string, client: PoolClient) => Promise<void> | void

/** A pool that lets a test act between two statements of one connection. */
export function hookedPool(pool: Pool, before: BeforeStatement): PostgresPool {
  return {
    options: pool.options,
    query: (query) => pool.query(query),
    async connect() {
      const client = await pool.connect()
      return {
        async query(query) {
          await before(query.text, client)
          return await client.query(query)
        },
        on: (event, listener) => client.on(event, listener),
        removeListener: (event, listener) => client.removeListener(event, listener),
        release: (destroy) => client.release(destroy),
      }
    },
  }
}

/** Ends a connection as the server does, and waits until the client has noticed. */
export async function endConnection(admin: Pool, client: PoolClient): Promise<void> {
  const noticed = new Promise<void>((resolve) => client.once('end', () => resolve()))
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  await admin.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
  await noticed
}
