import { redisStore } from '@evergrant/client/stores/redis'
import { createClient } from 'redis'
import type { StoreSettings } from '../settings/worker-settings.ts'
import { unavailable } from './check-store.ts'
import type { ConnectionObserver, OpenStore } from './open-store.ts'
import { commandName } from '../lib/names.ts'

const connectTimeoutMilliseconds = 5000
const longestPauseMilliseconds = 2000

export async function openRedis(
  { database, keys, keyPrefix }: StoreSettings,
  observe: ConnectionObserver,
): Promise<OpenStore> {
  let isConnected = false
  const client = createClient({
    url: database.url,
    name: commandName,
    socket: {
      connectTimeout: connectTimeoutMilliseconds,
      reconnectStrategy: (retries) =>
        // A first connection that fails is reported at once. Later, Redis may be restarting.
        isConnected ? Math.min(50 * 2 ** Math.min(retries, 10), longestPauseMilliseconds) : false,
    },
  })
  client.on('error', observe)
  try {
    await client.connect()
    isConnected = true
  } catch (cause) {
    client.destroy()
    throw unavailable(database.shown, cause)
  }
  const store = redisStore(client, { key: keys, keyPrefix })
  return {
    store,
    prepare: () => Promise.resolve(),
    async close() {
      await store.close()
      client.destroy()
    },
  }
}
