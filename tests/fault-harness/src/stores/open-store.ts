import type { RecordStore } from '@evergrant/client'
import { fileStore, keyFileKey } from '@evergrant/client/stores/file'
import type { StoreDescription } from './store-kind.ts'

/** A store and its own connections. */
export interface OpenedStore {
  readonly store: RecordStore
  /** Closes the store and its connections. */
  readonly end: () => Promise<void>
}

type Described<Kind> = Extract<StoreDescription, { kind: Kind }>

const poolSize = 4
const reconnectMilliseconds = 50

/** Opens a store the way an application process does. */
export async function openStore(description: StoreDescription): Promise<OpenedStore> {
  const { key } = await keyFileKey(description.keyFile)
  if (description.kind === 'postgres') return await openPostgres(description, key)
  if (description.kind === 'redis') return await openRedis(description, key)
  const store = await fileStore(description.folder, { key })
  return { store, end: () => store.close() }
}

// Import database clients on demand: the harness starts dozens of file store processes.

async function openPostgres(
  { url, ...options }: Described<'postgres'>,
  key: Uint8Array,
): Promise<OpenedStore> {
  const { Pool } = await import('pg')
  const { postgresStore } = await import('@evergrant/client/stores/postgres')
  const pool = new Pool({ connectionString: url, max: poolSize })
  pool.on('error', ignore)
  const store = postgresStore(pool, { ...options, key })
  return {
    store,
    async end() {
      await store.close()
      await pool.end()
    },
  }
}

async function openRedis(
  { url, ...options }: Described<'redis'>,
  key: Uint8Array,
): Promise<OpenedStore> {
  const { createClient } = await import('redis')
  const { redisStore } = await import('@evergrant/client/stores/redis')
  const client = createClient({ url, socket: { reconnectStrategy: reconnectMilliseconds } })
  client.on('error', ignore)
  await client.connect()
  const store = redisStore(client, { ...options, key })
  return {
    store,
    async end() {
      await store.close()
      client.destroy()
    },
  }
}

/** The harness breaks connections on purpose. Without a listener, 'error' ends the process. */
function ignore(): void {}
