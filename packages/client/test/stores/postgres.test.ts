import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { HeldLock, LockOutcome, RecordName } from '../../src/index.ts'
import { createPostgresTable, postgresStore, postgresTableSql } from '../../src/stores/postgres.ts'
import { noteMissing, postgresPool, postgresUrl, sharedStores } from '../support/shared-stores.ts'

const name: RecordName = { kind: 'grant', id: 'c'.repeat(64) }
const key = randomBytes(32)

for (const kind of sharedStores.slice(0, 1)) noteMissing('PostgreSQL store', kind)

const unusedPool = (max: number) => ({
  options: { max },
  query: () => Promise.reject(new Error('not used')),
  connect: () => Promise.reject(new Error('not used')),
})

test.each([
  ['a pool of one', unusedPool(1), {}],
  ['locks that can use the whole pool', unusedPool(4), { maximumLockConnections: 4 }],
  ['a table name with a quote', unusedPool(4), { table: 'grants"; DROP TABLE users; --' }],
  ['a table name with two dots', unusedPool(4), { table: 'a.b.c' }],
])('postgres store: %s is refused', (_what, given, options) => {
  expect(() => postgresStore(given, { key, ...options })).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION' }),
  )
})

test('postgres store: the SQL for migrations names the table of the store', () => {
  expect(postgresTableSql({ table: 'auth.grants' })).toContain(
    'CREATE TABLE IF NOT EXISTS "auth"."grants"',
  )
})

async function scene(max = 6) {
  const table = `evergrant_test_${randomBytes(6).toString('hex')}`
  const [pool, admin] = [postgresPool(max, table), postgresPool(10, `${table}-admin`)]
  await createPostgresTable(admin, { table })
  const store = postgresStore(pool, { key, table })
  return {
    table,
    pool,
    admin,
    store,
    another: () => postgresStore(admin, { key, table }),
    /** Ends the connection that holds a lock, as the server does when its holder dies. */
    async endHolder() {
      await admin.query(
        "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND a.application_name = $1",
        [table],
      )
    },
    async [Symbol.asyncDispose]() {
      await store.close()
      await pool.end()
      await admin.query(`DROP TABLE IF EXISTS ${table}`)
      await admin.end()
    },
  }
}

describe.runIf(postgresUrl !== undefined)('Postgres store: table', () => {
  test('postgres store: the table can be created repeatedly, and by many machines at once', async () => {
    await using it = await scene()
    await it.admin.query(`DROP TABLE ${it.table}`)
    await Promise.all(
      Array.from({ length: 8 }, () => createPostgresTable(it.admin, { table: it.table })),
    )
    expect(await it.store.write(name, '1', 0)).toMatchObject({ outcome: 'written' })
  })

  test('postgres store: a missing table is an error that says how to create it', async () => {
    await using it = await scene()
    const store = postgresStore(it.pool, { key, table: 'evergrant_never_created' })
    await expect(store.read(name)).rejects.toMatchObject({
      code: 'TOKEN_STORE_UNAVAILABLE',
      message: expect.stringContaining('createPostgresTable()'),
    })
  })

  test('postgres store: a list of several pages names every record once', async () => {
    await using it = await scene()
    await it.admin.query(
      `INSERT INTO ${it.table} SELECT 'grant', lpad(to_hex(n), 64, '0'), 1, '', now() FROM generate_series(1, 2345) n`,
    )
    const ids: string[] = []
    for await (const id of it.store.list('grant')) ids.push(id)
    expect(ids).toHaveLength(2345)
    expect(new Set(ids).size).toBe(2345)
  })
})

describe.runIf(postgresUrl !== undefined)('Postgres store: locks', () => {
  test(
    'postgres store: a lock ends with its connection, and its holder notices',
    { tags: ['C-51'] },
    async () => {
      await using it = await scene()
      const lock = acquired(await it.store.lock(name))
      expect((await it.another().lock(name)).outcome).toBe('busy')
      await it.endHolder()
      await expect.poll(() => lock.isHeld()).toBe(false)
      const next = acquired(await it.another().lock(name, { waitMilliseconds: 20_000 }))
      expect(next.isHeld()).toBe(true)
      await next.release()
      await lock.release()
      // The pool has removed the broken connection and still works.
      expect(await it.store.write(name, '1', 0)).toMatchObject({ outcome: 'written' })
    },
  )

  test('postgres store: a released lock returns its connection without settings or locks', async () => {
    await using it = await scene(2)
    for (let round = 0; round < 5; round += 1) {
      await acquired(await it.store.lock(name)).release()
    }
    expect(it.pool.totalCount).toBe(1)
    expect(it.pool.idleCount).toBe(1)
    const { rows } = await it.pool.query(
      "SELECT current_setting('idle_in_transaction_session_timeout') AS idle, (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks",
    )
    expect(rows).toEqual([{ idle: '0', locks: 0 }])
  })

  test('postgres store: locks never use the whole pool, so reads continue', async () => {
    await using it = await scene(4)
    const ids = ['1', '2', '3'].map((digit) => digit.repeat(64))
    const [one, two, three] = await Promise.all(
      ids.map((id) => it.store.lock({ kind: 'grant', id }, { waitMilliseconds: 20 })),
    )
    const outcomes = [one, two, three].map((outcome) => outcome?.outcome)
    expect(outcomes.filter((outcome) => outcome === 'acquired')).toHaveLength(2)
    expect(outcomes.filter((outcome) => outcome === 'unavailable')).toHaveLength(1)
    expect(await it.store.read(name)).toBeUndefined()
    const waiting = it.store.lock(
      { kind: 'grant', id: '4'.repeat(64) },
      { waitMilliseconds: 20_000 },
    )
    await Promise.all([one, two, three].map((outcome) => released(outcome)))
    await released(await waiting)
  })

  test('postgres store: a pool without a free connection is an outcome within the time limit', async () => {
    await using it = await scene(3)
    const clients = await Promise.all([1, 2, 3].map(() => it.pool.connect()))
    const store = postgresStore(it.pool, { key, table: it.table, requestTimeoutMilliseconds: 50 })
    expect(await store.lock(name)).toMatchObject({ outcome: 'unavailable' })
    await expect(store.read(name)).rejects.toMatchObject({ code: 'TOKEN_STORE_UNAVAILABLE' })
    for (const client of clients) client.release()
    // The connection that arrived too late was released.
    await expect.poll(() => it.pool.idleCount).toBe(3)
    await released(await store.lock(name, { waitMilliseconds: 20_000 }))
  })

  test('postgres store: closing releases its locks and does not end the pool', async () => {
    await using it = await scene()
    const lock = acquired(await it.store.lock(name))
    await it.store.close()
    expect(lock.isHeld()).toBe(false)
    await released(await it.another().lock(name))
    expect((await it.pool.query('SELECT 1')).rowCount).toBe(1)
  })
})

function acquired(outcome: LockOutcome): HeldLock {
  if (outcome.outcome !== 'acquired') throw new Error(`The lock is ${outcome.outcome}.`)
  return outcome.lock
}

async function released(outcome: LockOutcome | undefined): Promise<void> {
  if (outcome?.outcome === 'acquired') await outcome.lock.release()
}
