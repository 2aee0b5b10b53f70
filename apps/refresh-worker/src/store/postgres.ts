import { createPostgresTable, postgresStore } from '@evergrant/client/stores/postgres'
import { Pool } from 'pg'
import type { StoreSettings } from '../settings/worker-settings.ts'
import { unavailable } from './check-store.ts'
import type { ConnectionObserver, OpenStore } from './open-store.ts'
import { commandName } from '../lib/names.ts'

export function openPostgres(
  { database, keys, table, poolSize }: StoreSettings,
  observe: ConnectionObserver,
): OpenStore {
  const pool = createPool(database, poolSize)
  // The server closed an idle connection. Without a listener, the process would end.
  pool.on('error', observe)
  const store = postgresStore(pool, { key: keys, table })
  return {
    store,
    prepare: () => createPostgresTable(pool, { table }),
    async close() {
      await store.close()
      await pool.end()
    },
  }
}

function createPool({ url, shown }: StoreSettings['database'], max: number): Pool {
  try {
    return new Pool({
      connectionString: url,
      max,
      application_name: commandName,
      connectionTimeoutMillis: 5000,
      keepAlive: true,
    })
  } catch {
    // Without the cause: errors of a URL can contain it, with the password.
    throw unavailable(shown, undefined)
  }
}
