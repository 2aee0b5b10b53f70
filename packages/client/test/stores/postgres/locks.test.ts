import { describe, expect, test } from 'vitest'
import type { LockOutcome, RecordName } from '../../../src/index.ts'
import { postgresStore } from '../../../src/stores/postgres.ts'
import { sessionLocks } from '../../../src/stores/postgres/session-locks.ts'
import { lockKey } from '../../../src/stores/postgres/table.ts'
import { startLockHolder } from '../../support/lock-holder.ts'
import { acquired, postgresScene, released } from '../../support/postgres-scene.ts'
import { noteMissing, postgresUrl, sharedStores } from '../../support/shared-stores.ts'

const name: RecordName = { kind: 'grant', id: 'c'.repeat(64) }
const patiently = { waitMilliseconds: 20_000 }

for (const kind of sharedStores.slice(0, 1)) noteMissing('PostgreSQL store: locks', kind)

function names(count: number): readonly RecordName[] {
  return Array.from({ length: count }, (_, index) => ({
    kind: 'grant',
    id: index.toString(16).padStart(64, '0'),
  }))
}

describe.runIf(postgresUrl !== undefined)('Postgres store: locks', () => {
  test('postgres store: hundreds of locks and records share a pool of three connections', async () => {
    await using it = await postgresScene(3)
    const outcomes = await Promise.all(names(500).map((one) => it.store.lock(one)))
    expect(outcomes.map(({ outcome }) => outcome)).not.toContain('busy')
    await Promise.all(names(500).map((one) => it.store.write(one, '1', 0)))
    expect(it.pool.totalCount).toBeLessThanOrEqual(3)
    expect((await it.another().lock(names(500)[499] ?? name)).outcome).toBe('busy')
    await Promise.all(outcomes.map((outcome) => released(outcome)))
    const { rows } = await it.admin.query(
      `SELECT count(*)::int AS locks FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE locktype = 'advisory' AND application_name = $1`,
      [it.table],
    )
    expect(rows).toEqual([{ locks: 0 }])
  })

  test(
    'postgres store: two callers of one process exclude each other',
    { tags: ['C-51'] },
    async () => {
      await using it = await postgresScene()
      const lock = acquired(await it.store.lock(name))
      expect((await it.store.lock(name)).outcome).toBe('busy')
      const waiting = it.store.lock(name, patiently)
      await lock.release()
      const next = acquired(await waiting)
      expect([lock.isHeld(), next.isHeld()]).toEqual([false, true])
      // A second release of the first lock does not release the second one.
      await lock.release()
      expect((await it.another().lock(name)).outcome).toBe('busy')
      await next.release()
      await released(await it.another().lock(name))
    },
  )

  test('postgres store: the number of locks of a process is limited, and further callers wait', async () => {
    await using it = await postgresScene()
    const outcomes = await Promise.all(names(1000).map((one) => it.store.lock(one)))
    expect(await it.store.lock(name)).toMatchObject({
      outcome: 'unavailable',
      reason: 'this process already has 1000 locks',
    })
    const waiting = it.store.lock(name, patiently)
    await released(outcomes[0])
    await released(await waiting)
  })

  test('postgres store: a pool without a free connection is an outcome within the time limit', async () => {
    await using it = await postgresScene(3)
    const clients = await Promise.all([1, 2, 3].map(() => it.pool.connect()))
    const store = postgresStore(it.pool, {
      key: it.key,
      table: it.table,
      requestTimeoutMilliseconds: 50,
    })
    expect(await store.lock(name)).toMatchObject({ outcome: 'unavailable' })
    await expect(store.read(name)).rejects.toMatchObject({ code: 'TOKEN_STORE_UNAVAILABLE' })
    for (const client of clients) client.release()
    // The connection that arrived too late was released.
    await expect.poll(() => it.pool.idleCount).toBe(3)
    await released(await store.lock(name, patiently))
    await store.close()
  })
})

describe.runIf(postgresUrl !== undefined)('Postgres store: the connection of the locks', () => {
  test('postgres store: a connection without locks returns to the pool without settings', async () => {
    await using it = await postgresScene(2)
    const locks = sessionLocks(it.pool, { requestTimeoutMilliseconds: 10_000, idleMilliseconds: 1 })
    const first = acquired(await locks.lock(lockKey(['first'])))
    const second = acquired(await locks.lock(lockKey(['second'])))
    expect(it.pool.totalCount).toBe(1)
    await first.release()
    expect([it.pool.idleCount, second.isHeld()]).toEqual([0, true])
    await second.release()
    await expect.poll(() => it.pool.idleCount).toBe(1)
    const { rows } = await it.pool.query(
      `SELECT current_setting('idle_in_transaction_session_timeout') AS idle,
         (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'
           AND pid = pg_backend_pid()) AS locks`,
    )
    expect(rows).toEqual([{ idle: '0', locks: 0 }])
    // It is taken again on demand.
    await released(await locks.lock(lockKey(['first'])))
    await locks.releaseAll()
  })

  test('postgres store: the transaction of the locks does not hold back vacuum', async () => {
    await using it = await postgresScene()
    const lock = acquired(await it.store.lock(name))
    const { rows } = await it.admin.query(
      'SELECT state, backend_xmin, backend_xid FROM pg_stat_activity WHERE application_name = $1',
      [it.table],
    )
    expect(rows).toEqual([{ state: 'idle in transaction', backend_xmin: null, backend_xid: null }])
    await lock.release()
  })

  test('postgres store: closing releases its locks and does not end the pool', async () => {
    await using it = await postgresScene()
    const lock = acquired(await it.store.lock(name))
    await it.store.close()
    expect(lock.isHeld()).toBe(false)
    await released(await it.another().lock(name))
    expect((await it.pool.query('SELECT 1')).rowCount).toBe(1)
    await lock.release()
  })

  test(
    'postgres store: locks end with their connection, and the store reports that they are not held',
    { tags: ['C-51'] },
    async () => {
      await using it = await postgresScene()
      const locks = (await Promise.all(names(50).map((one) => it.store.lock(one)))).map(acquired)
      await it.endHolder()
      await expect.poll(() => locks.filter((lock) => lock.isHeld())).toEqual([])
      await Promise.all(locks.map((lock) => lock.release()))
      const other = it.another()
      const next = await Promise.all(names(50).map((one) => other.lock(one, patiently)))
      expect(next.map((outcome) => acquired(outcome).isHeld())).not.toContain(false)
      // The pool has removed the broken connection and still works.
      expect(await it.store.write(name, '1', 0)).toMatchObject({ outcome: 'written' })
    },
  )

  test(
    'postgres store: the store takes the locks of working holders again, and never calls them held',
    { tags: ['C-51'] },
    async () => {
      await using it = await postgresScene()
      const lock = acquired(await it.store.lock(name))
      await it.endHolder()
      await expect.poll(() => lock.isHeld()).toBe(false)
      const other = it.another()
      await expect.poll(() => outcomeOf(other.lock(name))).toBe('busy')
      expect(lock.isHeld()).toBe(false)
      await lock.release()
      await released(await other.lock(name, patiently))
    },
  )

  test(
    'postgres store: a lock that another process took in the meantime stays with it',
    { tags: ['C-51'] },
    async () => {
      await using it = await postgresScene()
      const lock = acquired(await it.store.lock(name))
      const waiting = it.another().lock(name, patiently)
      // No connection is free, so the store cannot connect again before the other process has the lock.
      const clients = await Promise.all([1, 2, 3, 4, 5].map(() => it.pool.connect()))
      await it.endHolder()
      clients.push(await it.pool.connect())
      const next = acquired(await waiting)
      for (const client of clients) client.release()
      await released(await it.store.lock({ kind: 'grant', id: 'd'.repeat(64) }, patiently))
      expect([lock.isHeld(), next.isHeld()]).toEqual([false, true])
      await lock.release()
      expect((await it.store.lock(name)).outcome).toBe('busy')
      await next.release()
    },
  )

  test(
    'postgres store: a lock says how long ago locks may have been lost',
    { tags: ['C-51'] },
    async () => {
      await using it = await postgresScene()
      const before = acquired(await it.store.lock(name))
      const { rows } = await it.admin.query(
        `SELECT date_part('epoch', clock_timestamp() - pg_postmaster_start_time()) AS up`,
      )
      const uptimeSeconds = Number(rows[0]?.up)
      expect(before.dropped?.secondsAgo).toBeLessThanOrEqual(uptimeSeconds)
      await it.endHolder()
      await expect.poll(() => before.isHeld()).toBe(false)
      await before.release()
      const after = acquired(await it.store.lock(name, patiently))
      expect(after.dropped).toEqual({ secondsAgo: 0 })
      await after.release()
    },
  )
})

describe.runIf(postgresUrl !== undefined)('Postgres store: the holder of a lock', () => {
  test('postgres store: a killed holder frees its lock', { tags: ['C-51'] }, async () => {
    await using it = await postgresScene()
    await using holder = await startLockHolder(it.table, it.key, name.id)
    expect((await it.store.lock(name)).outcome).toBe('busy')
    holder.kill()
    await released(await it.store.lock(name, patiently))
  })

  test.runIf(process.platform !== 'win32')(
    'postgres store: a suspended holder keeps its lock, and still has it when it continues',
    { tags: ['C-51'] },
    async () => {
      await using it = await postgresScene()
      await using holder = await startLockHolder(it.table, it.key, name.id)
      holder.suspend()
      expect((await it.store.lock(name, { waitMilliseconds: 100 })).outcome).toBe('busy')
      holder.resume()
      expect(await holder.state()).toBe('held')
      await holder.end()
      await released(await it.store.lock(name, patiently))
    },
  )
})

async function outcomeOf(locking: Promise<LockOutcome>): Promise<LockOutcome['outcome']> {
  const outcome = await locking
  if (outcome.outcome === 'acquired') await outcome.lock.release()
  return outcome.outcome
}
