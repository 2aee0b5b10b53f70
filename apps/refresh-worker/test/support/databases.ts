import { randomBytes } from 'node:crypto'
import type { RecordStore } from '@evergrant/client'
import { createPostgresTable, postgresStore } from '@evergrant/client/stores/postgres'
import { redisStore } from '@evergrant/client/stores/redis'
import { reportNotRun } from '@evergrant/test-kit'
import { Pool } from 'pg'
import { createClient } from 'redis'

/** A place for grants in a real database that no other test uses. */
export interface TestDatabase extends AsyncDisposable {
  /** The options of the program that name it. */
  readonly env: Readonly<Record<string, string>>
  /** The store of a gateway. */
  readonly store: RecordStore
  /** Ends the connections of the programs, as a restart of the database does. */
  cutOff(): Promise<void>
}

/** A kind of database, if its server is available. */
export interface DatabaseKind {
  readonly name: string
  readonly need: string
  readonly url: string | undefined
  open(key: Uint8Array): Promise<TestDatabase>
}

const postgresUrl = process.env['EVERGRANT_TEST_POSTGRES_URL']
const redisUrl = process.env['EVERGRANT_TEST_REDIS_URL']

export const databaseKinds: readonly DatabaseKind[] = [
  {
    name: 'PostgreSQL',
    need: 'PostgreSQL: EVERGRANT_TEST_POSTGRES_URL is not set',
    url: postgresUrl,
    open: openPostgres,
  },
  {
    name: 'Redis',
    need: 'Redis: EVERGRANT_TEST_REDIS_URL is not set',
    url: redisUrl,
    open: openRedis,
  },
]

export function noteMissing(suite: string, { url, need }: DatabaseKind): void {
  if (url === undefined) reportNotRun(suite, need)
}

async function openPostgres(key: Uint8Array): Promise<TestDatabase> {
  const table = `worker_test_${randomBytes(6).toString('hex')}`
  const pool = new Pool({ connectionString: postgresUrl, max: 4 })
  pool.on('error', () => undefined)
  await createPostgresTable(pool, { table })
  const store = postgresStore(pool, { key, table })
  return {
    env: {
      EVERGRANT_WORKER_DATABASE_URL: postgresUrl ?? '',
      EVERGRANT_WORKER_TABLE: table,
    },
    store,
    async cutOff() {
      await pool.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'evergrant-worker'",
      )
    },
    async [Symbol.asyncDispose]() {
      await store.close()
      await pool.query(`DROP TABLE ${table}`)
      await pool.end()
    },
  }
}

async function openRedis(key: Uint8Array): Promise<TestDatabase> {
  const keyPrefix = `worker-test-${randomBytes(6).toString('hex')}:`
  const client = createClient({ url: redisUrl ?? '' })
  client.on('error', () => undefined)
  await client.connect()
  const store = redisStore(client, { key, keyPrefix })
  return {
    env: {
      EVERGRANT_WORKER_DATABASE_URL: redisUrl ?? '',
      EVERGRANT_WORKER_KEY_PREFIX: keyPrefix,
    },
    store,
    async cutOff() {
      await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
    },
    async [Symbol.asyncDispose]() {
      await store.close()
      for await (const keys of client.scanIterator({ MATCH: `${keyPrefix}*`, COUNT: 1000 })) {
        if (keys.length > 0) await client.del(keys)
      }
      client.destroy()
    },
  }
}
