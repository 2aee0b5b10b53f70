import { describe, expect, test } from 'vitest'
import type { RecordName } from '../../../src/index.ts'
import { postgresStore } from '../../../src/stores/postgres.ts'
import { endConnection, hookedPool } from '../../support/hooked-pool.ts'
import type { BeforeStatement } from '../../support/hooked-pool.ts'
import type { PostgresScene } from '../../support/postgres-scene.ts'
import { acquired, postgresScene } from '../../support/postgres-scene.ts'
import { noteMissing, postgresUrl, sharedStores } from '../../support/shared-stores.ts'

const name: RecordName = { kind: 'grant', id: 'c'.repeat(64) }
const another: RecordName = { kind: 'grant', id: 'd'.repeat(64) }

for (const kind of sharedStores.slice(0, 1)) noteMissing('PostgreSQL store: lost connection', kind)

function hookedStore(it: PostgresScene, before: BeforeStatement) {
  return postgresStore(hookedPool(it.pool, before), { key: it.key, table: it.table })
}

describe.runIf(postgresUrl !== undefined)('Postgres store: a lost connection of the locks', () => {
  test.each(['BEGIN', 'set_config', 'pg_is_in_recovery'])(
    'postgres store: a connection that ends before its statement %s is an outcome',
    async (statement) => {
      await using it = await postgresScene()
      let ends = 2
      const store = hookedStore(it, async (text, client) => {
        if (!text.includes(statement) || ends === 0) return
        ends -= 1
        await endConnection(it.admin, client)
      })
      for (const _attempt of [1, 2]) {
        expect(await store.lock(name)).toMatchObject({
          outcome: 'unavailable',
          cause: { message: expect.stringMatching(/connection/i) },
        })
      }
      await acquired(await store.lock(name)).release()
      await store.close()
    },
  )

  test(
    'postgres store: a lock that is released while it is taken again does not stay at the server',
    { tags: ['C-51'] },
    async () => {
      await using it = await postgresScene()
      const taking = Promise.withResolvers<void>()
      const proceed = Promise.withResolvers<void>()
      let takes = 0
      const store = hookedStore(it, async (text) => {
        if (!text.includes('pg_try_advisory_lock') || (takes += 1) !== 2) return
        taking.resolve()
        await proceed.promise
      })
      const lock = acquired(await store.lock(name))
      await it.endHolder()
      await taking.promise
      await lock.release()
      proceed.resolve()
      // Another lock keeps the connection in use.
      const kept = acquired(await store.lock(another))
      const next = acquired(await it.another().lock(name))
      expect([kept.isHeld(), next.isHeld()]).toEqual([true, true])
      await next.release()
      await kept.release()
      await store.close()
    },
  )

  test('postgres store: closing gives back a connection that is still being opened', async () => {
    await using it = await postgresScene()
    const opening = Promise.withResolvers<void>()
    const proceed = Promise.withResolvers<void>()
    const store = hookedStore(it, async (text) => {
      if (!text.includes('pg_is_in_recovery')) return
      opening.resolve()
      await proceed.promise
    })
    const locking = store.lock(name)
    await opening.promise
    const closing = store.close()
    proceed.resolve()
    await closing
    const outcome = await locking
    expect(outcome.outcome === 'acquired' && outcome.lock.isHeld()).toBe(false)
    await expect.poll(() => it.pool.idleCount).toBe(it.pool.totalCount)
    await acquired(await it.another().lock(name)).release()
  })
})
