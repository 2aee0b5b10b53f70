import { randomBytes } from 'node:crypto'
import type { RecordStore } from '@evergrant/client'
import { createPostgresTable, postgresStore } from '@evergrant/client/stores/postgres'
import { Pool } from 'pg'

/** A table of records for one part of the benchmark. Disposing drops it. */
export interface BenchTable extends AsyncDisposable {
  readonly databaseUrl: string
  readonly table: string
  /** In base64. */
  readonly key: string
  readonly store: RecordStore
  readonly admin: Pool
  /** How many connections the workers have open. */
  workerConnections(): Promise<number>
}

export async function benchTable(databaseUrl: string): Promise<BenchTable> {
  const table = `evergrant_bench_${randomBytes(6).toString('hex')}`
  const key = randomBytes(32)
  const admin = new Pool({ connectionString: databaseUrl, max: 8 })
  await createPostgresTable(admin, { table })
  const store = postgresStore(admin, { key, table, requestTimeoutMilliseconds: 60_000 })
  return {
    databaseUrl,
    table,
    key: key.toString('base64'),
    store,
    admin,
    async workerConnections() {
      const { rows } = await admin.query<{ count: string }>(
        `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'evergrant-bench-worker'`,
      )
      return Number(rows[0]?.count)
    },
    async [Symbol.asyncDispose]() {
      await store.close()
      await admin.query(`DROP TABLE ${table}`)
      await admin.end()
    },
  }
}
