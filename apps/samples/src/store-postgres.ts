/** A store in PostgreSQL, for any number of machines. */
// #region store
import { createHash } from 'node:crypto'
import process from 'node:process'
import type { RecordStore } from '@evergrant/client'
import { createPostgresTable, postgresStore } from '@evergrant/client/stores/postgres'
import { Pool } from 'pg'

/** The same key on every machine. Keep the secret with your other secrets, not in the database. */
function storeKey(secret = process.env['STORE_SECRET'] ?? ''): Uint8Array {
  if (secret.length < 32) throw new Error('Set STORE_SECRET to at least 32 random characters.')
  return createHash('sha256').update(secret).digest()
}

export async function openStore(): Promise<{ store: RecordStore; close(): Promise<void> }> {
  // Five connections are enough for hundreds of refreshes at once.
  const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 5 })
  await createPostgresTable(pool)
  const store = postgresStore(pool, { key: storeKey() })
  return {
    store,
    async close() {
      await store.close()
      await pool.end()
    },
  }
}
// #endregion store
