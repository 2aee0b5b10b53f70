import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import type { HeldLock, LockOutcome, RecordStore } from '../../src/index.ts'
import { createPostgresTable, postgresStore } from '../../src/stores/postgres.ts'
import { postgresPool } from './shared-stores.ts'

/** A new table, a store over it and a second pool that changes the database. */
export interface PostgresScene extends AsyncDisposable {
  readonly table: string
  readonly key: Uint8Array
  readonly pool: Pool
  readonly admin: Pool
  readonly store: RecordStore
  /** A store of another process. */
  another(pool?: Pool): RecordStore
  /** A pool of another process. */
  anotherPool(max: number, name?: string): Pool
  /** Ends the connection that holds the locks of `store`, as the server does when its holder dies. */
  endHolder(): Promise<void>
}

export async function postgresScene(max = 6): Promise<PostgresScene> {
  const table = `evergrant_test_${randomBytes(6).toString('hex')}`
  const key = randomBytes(32)
  const [pool, admin] = [postgresPool(max, table), postgresPool(10, `${table}-admin`)]
  await createPostgresTable(admin, { table })
  const stores: RecordStore[] = []
  const pools: Pool[] = [pool]
  function open(from: Pool): RecordStore {
    const store = postgresStore(from, { key, table })
    stores.push(store)
    return store
  }
  return {
    table,
    key,
    pool,
    admin,
    store: open(pool),
    another: (from = admin) => open(from),
    anotherPool(size, name = `${table}-other`) {
      const other = postgresPool(size, name)
      pools.push(other)
      return other
    },
    async endHolder() {
      await admin.query(
        "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND a.application_name = $1",
        [table],
      )
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(stores.map((store) => store.close()))
      await Promise.all(pools.map((each) => each.end()))
      await admin.query(`DROP TABLE IF EXISTS ${table}`)
      await admin.end()
    },
  }
}

export function acquired(outcome: LockOutcome): HeldLock {
  if (outcome.outcome !== 'acquired') throw new Error(`The lock is ${outcome.outcome}.`)
  return outcome.lock
}

/** Releases a lock that must have been acquired. */
export async function released(outcome: LockOutcome | undefined): Promise<void> {
  if (outcome === undefined) throw new Error('No lock was requested.')
  await acquired(outcome).release()
}
