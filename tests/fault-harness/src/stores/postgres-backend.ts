import { randomBytes } from 'node:crypto'
import { createPostgresTable } from '@evergrant/client/stores/postgres'
import { Pool } from 'pg'
import { startNetworkLine } from './network-line.ts'
import type { NetworkLine } from './network-line.ts'
import type { BackendOptions, StoreBackend } from './store-backend.ts'
import { serverUrl } from './store-kind.ts'

/** The backend of the PostgreSQL store: a new table in the test database. */
export async function postgresBackend(options: BackendOptions): Promise<StoreBackend> {
  const { keyFile, storeTimeoutMilliseconds: requestTimeoutMilliseconds } = options
  const target = serverUrl('postgres')
  const table = `evergrant_faults_${randomBytes(6).toString('hex')}`
  const admin = new Pool({ connectionString: target.href, max: 1 })
  const lines: NetworkLine[] = []
  await createPostgresTable(admin, { table })
  // Error 53100 is what PostgreSQL reports on a full disk. The trigger affects only this table.
  await admin.query(
    `CREATE FUNCTION ${table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$`,
  )

  return {
    async reach() {
      const line = await startNetworkLine(target, 5432)
      lines.push(line)
      return {
        description: {
          kind: 'postgres',
          url: line.url,
          table,
          keyFile,
          ...(requestTimeoutMilliseconds === undefined ? {} : { requestTimeoutMilliseconds }),
        },
        line,
      }
    },
    async age(seconds) {
      await admin.query(
        `UPDATE ${table} SET written_at = written_at - $1 * interval '1 s',
           due_at = due_at - $1 * interval '1 s'`,
        [seconds],
      )
    },
    async setAside() {
      const { rowCount } = await admin.query(`SELECT FROM ${table} WHERE kind LIKE 'set-aside/%'`)
      return rowCount ?? 0
    },
    leftoversAfterSweep: () => Promise.resolve({ before: 0, after: 0 }),
    async refuseWrites(refused) {
      await admin.query(
        refused
          ? `CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OF sealed ON ${table}
             FOR EACH STATEMENT EXECUTE FUNCTION ${table}_refuse()`
          : `DROP TRIGGER refuse ON ${table}`,
      )
    },
    async close() {
      await Promise.all(lines.map((line) => line.close()))
      await admin.query(`DROP TABLE ${table}; DROP FUNCTION ${table}_refuse`)
      await admin.end()
    },
  }
}
