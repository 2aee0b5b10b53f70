/** A store in Redis, for any number of machines. */
// #region store
import { createHash } from 'node:crypto'
import process from 'node:process'
import type { RecordStore } from '@evergrant/client'
import { redisStore } from '@evergrant/client/stores/redis'
import { createClient } from 'redis'

/** The same key on every machine. Keep the secret with your other secrets, not in Redis. */
function storeKey(secret = process.env['STORE_SECRET'] ?? ''): Uint8Array {
  if (secret.length < 32) throw new Error('Set STORE_SECRET to at least 32 random characters.')
  return createHash('sha256').update(secret).digest()
}

export async function openStore(): Promise<{ store: RecordStore; close(): Promise<void> }> {
  const client = createClient({ url: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' })
  // Without a listener, an interrupted connection ends the process. The client connects again.
  client.on('error', () => undefined)
  await client.connect()
  const store = redisStore(client, { key: storeKey() })
  return {
    store,
    async close() {
      await store.close()
      await client.close()
    },
  }
}
// #endregion store
