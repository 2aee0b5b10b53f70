import type { RecordStore } from '@evergrant/client'
import { fileStore, keyFileKey } from '@evergrant/client/stores/file'
import type { StoreDescription } from './store-kind.ts'

/** A store over connections of its own. */
export interface OpenedStore {
  readonly store: RecordStore
  /** Closes the store and its connections. */
  readonly end: () => Promise<void>
}

type Described<Kind> = Extract<StoreDescription, { kind: Kind }>

const poolSize = 4
const reconnectMilliseconds = 50

/** Opens a store as each process of an application does. */
export async function openStore(description: StoreDescription): Promise<OpenedStore> {
  const { key } = await keyFileKey(description.keyFile)
  if (description.kind === 'postgres') return await openPostgres(description, key)
  if (description.kind === 'redis') return await openRedis(description, key)
  const store = await fileStore(description.folder, { key })
  return { store, end: () => store.close() }
}

// Processes that share a file load no database's client: they are started by the dozen.

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

/** Connections break here on purpose; without a listener that would end the process. */
function ignore(): void {}
