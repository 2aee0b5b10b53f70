import { randomBytes } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import type { RecordName, RecordStore } from '../../src/index.ts'
import type { ClaimedGrant } from '../../src/stores/store.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { noteMissing, redisClient, redisUrl, sharedStores } from '../support/shared-stores.ts'

for (const kind of sharedStores.slice(1)) noteMissing('Redis store: due grants', kind)

const key = randomBytes(32)
const all = { limit: 1000, claimSeconds: 60 }
const never = Number.POSITIVE_INFINITY

function named(index: number): RecordName {
  return { kind: 'grant', id: (index % 256).toString(16).padStart(2, '0') + hex(index) }
}

function hex(index: number): string {
  return index.toString(16).padStart(62, '0')
}

/** The scripts of the version before due times. */
const olderWrite = `
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'sealed', ARGV[2], 'writtenAt', '1')
redis.call('SADD', KEYS[2], ARGV[3])`
const olderRemove = `
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[2], ARGV[1])`

async function scene() {
  const client = await redisClient()
  const keyPrefix = `test-${randomBytes(6).toString('hex')}:`
  const store = redisStore(client, { key, keyPrefix })
  function keysOf({ kind, id }: RecordName): string[] {
    const tag = `${keyPrefix}{${kind}:${id.slice(0, 2)}}:`
    return [`${tag}record:${id}`, `${tag}index`]
  }
  return {
    client,
    store,
    keysOf,
    another: (otherKey: Uint8Array) => redisStore(client, { key: otherKey, keyPrefix }),
    /** Writes a record as a process of an older version does, with the text of the newest one. */
    async writeAsOlderVersion(name: RecordName, from: RecordStore, generation: number) {
      // A store under another prefix makes the text.
      const prefix = `${keyPrefix}other:`
      const other = redisStore(client, { key, keyPrefix: prefix })
      const record = await from.read(name)
      for (let count = 0; count < generation; count += 1) {
        await other.write(name, record?.body ?? `"${count}"`, count)
      }
      const tag = `${prefix}{${name.kind}:${name.id.slice(0, 2)}}:`
      const sealed = (await client.hGet(`${tag}record:${name.id}`, 'sealed')) ?? ''
      await client.eval(olderWrite, {
        keys: keysOf(name),
        arguments: [String(generation), sealed, name.id],
      })
    },
    removeAsOlderVersion: (name: RecordName) =>
      client.eval(olderRemove, { keys: keysOf(name), arguments: [name.id] }),
    async [Symbol.asyncDispose]() {
      const keys = await client.keys(`${keyPrefix}*`)
      if (keys.length > 0) await client.del(keys)
      client.destroy()
    },
  }
}

function idsOf(grants: readonly ClaimedGrant[]): string[] {
  return grants.map(({ id }) => id)
}

describe.runIf(redisUrl !== undefined)('Redis store: due grants', () => {
  test('redis store: claims take due grants of all shards', { tags: ['C-55'] }, async () => {
    await using it = await scene()
    const names = Array.from({ length: 600 }, (_, index) => named(index))
    await Promise.all(names.map((name) => it.store.write(name, '1', 0, 0)))
    expect((await it.store.due.backlog()).grants).toBe(600)
    const claimed: string[] = []
    for (let next = 0; next === 0;) {
      const { grants, nextDueInSeconds } = await it.store.due.claim({ limit: 50, claimSeconds: 60 })
      expect(grants.length).toBeLessThanOrEqual(50)
      claimed.push(...idsOf(grants))
      next = nextDueInSeconds
    }
    expect(claimed.toSorted()).toEqual(names.map(({ id }) => id).toSorted())
    expect((await it.store.due.backlog()).grants).toBe(0)
  })

  test(
    'redis store: a claim returns the records with their ages, the most overdue first',
    { tags: ['C-55'] },
    async () => {
      await using it = await scene()
      await it.store.write(named(1), '"one"', 0, -5)
      await it.store.write(named(2), '"two"', 0, -50)
      await it.store.write(named(3), '"three"', 0)
      const { grants } = await it.store.due.claim(all)
      expect(grants.map(({ record }) => record?.body)).toEqual(['"two"', '"one"', '"three"'])
      expect(grants[0]?.lateSeconds).toBeGreaterThanOrEqual(50)
      expect(grants[2]?.lateSeconds).toBe(0)
      for (const { record } of grants) expect(record?.ageSeconds).toBeLessThan(60)
    },
  )

  test(
    'redis store: a grant that an older version added is due with the next claim',
    { tags: ['C-55'] },
    async () => {
      await using it = await scene()
      await it.writeAsOlderVersion(named(7), it.store, 1)
      const { grants } = await it.store.due.claim(all)
      expect(idsOf(grants)).toEqual([named(7).id])
      await it.store.due.set(named(7).id, 1, never)
      expect((await it.store.due.claim(all)).grants).toEqual([])
    },
  )

  test(
    'redis store: a grant that an older version removed is not due',
    { tags: ['C-55'] },
    async () => {
      await using it = await scene()
      await it.store.write(named(7), '1', 0, 3600)
      await it.removeAsOlderVersion(named(7))
      await it.writeAsOlderVersion(named(7 + 256), it.store, 1)
      await it.store.due.claim(all)
      await it.store.write(named(8), '1', 0, 0)
      await it.removeAsOlderVersion(named(8))
      const { grants, nextDueInSeconds } = await it.store.due.claim(all)
      expect(grants).toEqual([])
      expect(nextDueInSeconds).toBeLessThanOrEqual(60)
    },
  )

  test(
    'redis store: a grant that an older version wrote again is found by a check of all times',
    { tags: ['C-55'] },
    async () => {
      await using it = await scene()
      await it.store.write(named(7), '1', 0, never)
      await it.writeAsOlderVersion(named(7), it.store, 2)
      vi.useFakeTimers({ toFake: ['Date'] })
      try {
        const claimed: ClaimedGrant[] = []
        // One page of one of 256 shards is checked each second.
        for (let second = 0; second < 256 && claimed.length === 0; second += 1) {
          vi.setSystemTime(Date.now() + 1000)
          claimed.push(...(await it.store.due.claim(all)).grants)
        }
        expect(claimed).toMatchObject([{ id: named(7).id, record: { generation: 2 } }])
        await it.store.due.set(named(7).id, 2, 3600)
        expect((await it.store.due.claim(all)).nextDueInSeconds).toBeGreaterThan(3000)
      } finally {
        vi.useRealTimers()
      }
    },
  )

  test(
    'redis store: a due grant that cannot be opened is reported',
    { tags: ['C-52'] },
    async () => {
      await using it = await scene()
      await it.store.write(named(1), '1', 0, 0)
      const other = it.another(randomBytes(32))
      const [foreign] = (await other.due.claim({ ...all, claimSeconds: 0 })).grants
      expect(foreign?.unreadable).toMatchObject({
        generation: 1,
        error: { code: 'RECORD_UNREADABLE' },
      })
      await it.client.hSet(it.keysOf(named(1))[0] ?? '', 'sealed', 'damaged')
      const [damaged] = (await it.store.due.claim(all)).grants
      expect(damaged?.unreadable).toMatchObject({ error: { code: 'RECORD_UNREADABLE' } })
      expect(await it.store.read(named(1))).toBeUndefined()
      expect((await it.store.due.claim(all)).nextDueInSeconds).toBe(never)
    },
  )
})
