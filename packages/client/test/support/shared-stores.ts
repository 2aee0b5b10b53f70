import { randomBytes, randomUUID } from 'node:crypto'
import { ageRowsSql, reportNotRun } from '@evergrant/test-kit'
import { Pool } from 'pg'
import { createClient } from 'redis'
import type {
  RedisClientType,
  RedisFunctions,
  RedisModules,
  RedisScripts,
  TypeMapping,
} from 'redis'
import type { RecordName } from '../../src/index.ts'
import type { EncryptedRecordStore, StoreKeys } from '../../src/stores/key-rotation.ts'
import type { PostgresPool } from '../../src/stores/postgres.ts'
import { createPostgresTable, postgresStore } from '../../src/stores/postgres.ts'
import type { RedisStoreOptions } from '../../src/stores/redis.ts'
import { redisStore } from '../../src/stores/redis.ts'

/** A store over the connections of one machine. */
export interface Machine {
  readonly store: EncryptedRecordStore
  /** Breaks the connections of the machine, as a network or a dying process does. */
  cutOff(): Promise<void>
}

/** A real server that several machines share, and that a test can change. */
export interface SharedStore {
  /** A store over separate connections, like that of another machine. */
  machine(options?: { readonly key?: StoreKeys }): Promise<Machine>
  /** Replaces the text of a sealed record. */
  tamper(name: RecordName, change: (sealed: string) => string): Promise<void>
  /** The texts of records that were set aside. */
  setAside(): Promise<readonly string[]>
  /** Makes all stored records older, by the clock of the server. */
  age(seconds: number): Promise<void>
  /** Removes all records. */
  reset(): Promise<void>
  close(): Promise<void>
}

/** One store that a suite runs over, if its server is available. */
export interface SharedStoreKind {
  readonly name: string
  /** What the suite requires. */
  readonly need: string
  readonly url: string | undefined
  open(): Promise<SharedStore>
}

export const postgresUrl: string | undefined = process.env['EVERGRANT_TEST_POSTGRES_URL']
/** PgBouncer in transaction mode, in front of the same PostgreSQL. */
export const pgbouncerUrl: string | undefined = process.env['EVERGRANT_TEST_PGBOUNCER_URL']
export const redisUrl: string | undefined = process.env['EVERGRANT_TEST_REDIS_URL']

export const sharedStores: readonly SharedStoreKind[] = [
  {
    name: 'Postgres store',
    need: 'PostgreSQL: EVERGRANT_TEST_POSTGRES_URL is not set',
    url: postgresUrl,
    open: () => sharedPostgres(postgresUrl),
  },
  {
    name: 'Redis store',
    need: 'Redis: EVERGRANT_TEST_REDIS_URL is not set',
    url: redisUrl,
    open: sharedRedis,
  },
  {
    name: 'Postgres store behind PgBouncer',
    need: 'PgBouncer: EVERGRANT_TEST_PGBOUNCER_URL is not set',
    url: postgresUrl === undefined ? undefined : pgbouncerUrl,
    open: () => sharedPostgres(pgbouncerUrl),
  },
]

/** Reports a suite that does not run because its database is missing. */
export function noteMissing(suite: string, { url, need }: SharedStoreKind): void {
  if (url === undefined) reportNotRun(suite, need)
}

/** @param url - How the machines reach PostgreSQL. */
async function sharedPostgres(url: string | undefined): Promise<SharedStore> {
  const sharedKey = randomBytes(32)
  const table = `evergrant_test_${randomBytes(6).toString('hex')}`
  const admin = new Pool({ connectionString: postgresUrl, max: 1 })
  await createPostgresTable(admin, { table })
  const machines: { readonly pool: Pool; readonly store: EncryptedRecordStore }[] = []
  return {
    async machine({ key = sharedKey } = {}) {
      const name = randomUUID()
      const pool = postgresPool(6, name, url)
      const store = postgresStore(pool, { key, table })
      machines.push({ pool, store })
      return {
        store,
        async cutOff() {
          await admin.query(
            'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
            [name],
          )
        },
      }
    },
    async tamper({ kind, id }, change) {
      const where = 'WHERE kind = $1 AND id = $2'
      const { rows } = await admin.query(`SELECT sealed FROM ${table} ${where}`, [kind, id])
      const sealed = change(String(rows[0]?.sealed))
      await admin.query(`UPDATE ${table} SET sealed = $3 ${where}`, [kind, id, sealed])
    },
    async setAside() {
      const { rows } = await admin.query(
        `SELECT sealed FROM ${table} WHERE kind LIKE 'set-aside/%' ORDER BY id`,
      )
      return rows.map((row: { sealed: string }) => row.sealed)
    },
    async age(seconds) {
      await admin.query(ageRowsSql(table), [seconds])
    },
    async reset() {
      await admin.query(`TRUNCATE ${table}`)
    },
    async close() {
      await Promise.all(
        machines.map(async ({ pool, store }) => {
          await store.close()
          await pool.end()
        }),
      )
      await admin.query(`DROP TABLE ${table}`)
      await admin.end()
    },
  }
}

/** A client of Redis with its default modules, and without functions or scripts of a host. */
export type TestRedisClient = RedisClientType<
  RedisModules,
  RedisFunctions,
  RedisScripts,
  3,
  TypeMapping
>

/** A connected client of Redis. */
export async function redisClient(): Promise<TestRedisClient> {
  const client: TestRedisClient = createClient<
    RedisModules,
    RedisFunctions,
    RedisScripts,
    3,
    TypeMapping
  >(redisUrl === undefined ? {} : { url: redisUrl })
  // Without a listener, a broken connection would end the process. The client reconnects.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** A pool of PostgreSQL connections. */
export function postgresPool(
  max: number,
  name: string,
  url: string | undefined = postgresUrl,
): Pool {
  const pool = new Pool({ connectionString: url, max, application_name: name })
  pool.on('error', () => undefined)
  // The type of `pg` must satisfy the interface of the store.
  return pool satisfies PostgresPool
}

/** Score 0 is an unknown time. */
async function dueEarlier(admin: TestRedisClient, key: string, seconds: number): Promise<void> {
  const times = await admin.zRangeWithScores(key, 0, -1)
  const known = times.filter(({ score }) => score > 0 && Number.isFinite(score))
  if (known.length === 0) return
  await admin.zAdd(
    key,
    known.map(({ value, score }) => ({ value, score: score - seconds * 1e6 })),
  )
}

async function sharedRedis(): Promise<SharedStore> {
  const sharedKey = randomBytes(32)
  const keyPrefix = `test-${randomBytes(6).toString('hex')}:`
  const admin = await redisClient()
  const clients: (() => Promise<void>)[] = []

  async function keys(part: string): Promise<string[]> {
    const found: string[] = []
    for await (const page of admin.scanIterator({ MATCH: `${keyPrefix}*${part}*`, COUNT: 500 })) {
      found.push(...page)
    }
    return found
  }

  return {
    async machine({ key = sharedKey } = {}) {
      const client = await redisClient()
      const store = redisStore(client, { key, keyPrefix } satisfies RedisStoreOptions)
      clients.push(async () => {
        await store.close()
        client.destroy()
      })
      const connection = await client.clientId()
      return {
        store,
        async cutOff() {
          await admin.sendCommand(['CLIENT', 'KILL', 'ID', String(connection)])
        },
      }
    },
    async tamper({ id }, change) {
      const [key = ''] = await keys(`record:${id}`)
      await admin.hSet(key, 'sealed', change((await admin.hGet(key, 'sealed')) ?? ''))
    },
    async setAside() {
      const found = await keys('set-aside:')
      const sealed = await Promise.all(found.map((key) => admin.hGet(key, 'sealed')))
      return sealed.map(String)
    },
    async age(seconds) {
      const found = await keys(':record:')
      await Promise.all(
        found.map(async (key) => {
          const writtenAt = Number(await admin.hGet(key, 'writtenAt'))
          await admin.hSet(key, 'writtenAt', String(writtenAt - seconds * 1e6))
        }),
      )
      for (const key of await keys(':due')) await dueEarlier(admin, key, seconds)
    },
    async reset() {
      const found = await keys('')
      if (found.length > 0) await admin.del(found)
    },
    async close() {
      for (const end of clients) await end()
      const found = await keys('')
      if (found.length > 0) await admin.del(found)
      admin.destroy()
    },
  }
}
