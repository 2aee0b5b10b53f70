import { randomBytes } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import type { HeldLock, LockOutcome, RecordName } from '../../src/index.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { noteMissing, redisClient, redisUrl, sharedStores } from '../support/shared-stores.ts'

const name: RecordName = { kind: 'grant', id: 'c'.repeat(64) }
const key = randomBytes(32)

for (const kind of sharedStores.slice(1, 2)) noteMissing('Redis store: leases', kind)

const unusedClient = { eval: () => Promise.reject(new Error('not used')) }

test.each([
  ['a prefix with a brace, which would change the hash tag', { keyPrefix: 'app{1}:' }],
  ['a lease that is too short to renew', { leaseMilliseconds: 100 }],
  ['a lease without an end', { leaseMilliseconds: Number.NaN }],
])('redis store: %s is refused', (_what, options) => {
  expect(() => redisStore(unusedClient, { key, ...options })).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION' }),
  )
})

test(
  'redis store: a reply of another type does not count as an absent record',
  { tags: ['C-52'] },
  async () => {
    const buffers = { eval: () => Promise.resolve([Buffer.from('1'), Buffer.from('x')]) }
    await expect(redisStore(buffers, { key }).read(name)).rejects.toMatchObject({
      code: 'TOKEN_STORE_UNAVAILABLE',
    })
  },
)

test('redis store: a server that does not answer is an error within the time limit', async () => {
  const silent = { eval: () => new Promise<never>(() => undefined) }
  const store = redisStore(silent, { key, requestTimeoutMilliseconds: 20 })
  await expect(store.read(name)).rejects.toMatchObject({ code: 'TOKEN_STORE_UNAVAILABLE' })
  expect(await store.lock(name, { waitMilliseconds: 5000 })).toMatchObject({
    outcome: 'unavailable',
  })
})

/** By default, the lease is longer than the stalls of a busy machine. */
async function scene(leaseMilliseconds = 6000) {
  const client = await redisClient()
  const other = await redisClient()
  const keyPrefix = `test-${randomBytes(6).toString('hex')}:`
  const lockKey = `${keyPrefix}{grant:cc}:lock:${name.id}`
  const options = { key, keyPrefix, leaseMilliseconds }
  const store = redisStore(client, options)
  const another = redisStore(other, options)
  return {
    client,
    other,
    lockKey,
    store,
    another,
    async [Symbol.asyncDispose]() {
      await Promise.all([store.close(), another.close()])
      const keys = await other.keys(`${keyPrefix}*`)
      if (keys.length > 0) await other.del(keys)
      other.destroy()
      if (client.isOpen) client.destroy()
    },
  }
}

describe.runIf(redisUrl !== undefined)('Redis store: leases', () => {
  test('redis store: a lease is renewed while its holder lives', { tags: ['C-51'] }, async () => {
    const leaseMilliseconds = 600_000
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      await using it = await scene(leaseMilliseconds)
      const lock = acquired(await it.store.lock(name))
      for (const _ of Array.from({ length: 3 })) {
        // Most of the lease is over, and then its renewal is due.
        await it.other.pExpire(it.lockKey, leaseMilliseconds / 10)
        vi.advanceTimersByTime(leaseMilliseconds / 3)
        await expect
          .poll(() => it.other.pTTL(it.lockKey))
          .toBeGreaterThan((leaseMilliseconds * 9) / 10)
        expect((await it.another.lock(name)).outcome).toBe('busy')
        expect(lock.isHeld()).toBe(true)
      }
      await lock.release()
      expect(await it.client.exists(it.lockKey)).toBe(0)
      vi.advanceTimersByTime(leaseMilliseconds)
      expect(await it.client.exists(it.lockKey)).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('redis store: the lease of a dead holder expires', { tags: ['C-51'] }, async () => {
    await using it = await scene()
    const lock = acquired(await it.store.lock(name))
    it.client.destroy()
    const next = acquired(await it.another.lock(name, { waitMilliseconds: 120_000 }))
    expect(lock.isHeld()).toBe(false)
    expect(next.isHeld()).toBe(true)
    await lock.release()
    expect(next.isHeld()).toBe(true)
  })

  test(
    'redis store: a holder whose lease expired overwrites and releases nothing',
    { tags: ['C-51', 'C-52'] },
    async () => {
      await using it = await scene()
      const late = acquired(await it.store.lock(name))
      await it.store.write(name, '"journal"', 0)
      // The lease expires, and the holder does not know yet.
      await it.other.del(it.lockKey)
      const next = acquired(await it.another.lock(name))
      const read = await it.another.read(name)
      await it.another.write(name, '"next"', read?.generation ?? 0)

      expect(late.isHeld()).toBe(true)
      expect(await it.store.write(name, '"late"', 1)).toEqual({ outcome: 'conflict' })
      expect(await it.store.remove(name, 1)).toBe('conflict')
      expect((await it.another.read(name))?.body).toBe('"next"')

      await expect.poll(() => late.isHeld()).toBe(false)
      await late.release()
      expect(next.isHeld()).toBe(true)
      expect(await it.other.exists(it.lockKey)).toBe(1)
      await next.release()
    },
  )

  test('redis store: a lease that arrives after the wait has ended is released', async () => {
    await using it = await scene()
    const gate = Promise.withResolvers<void>()
    const slow = {
      async eval(script: string, options: { keys: string[]; arguments: string[] }) {
        const reply: unknown = await it.client.eval(script, options)
        await gate.promise
        return reply
      },
    }
    const keyPrefix = it.lockKey.slice(0, it.lockKey.indexOf('{'))
    const store = redisStore(slow, {
      key,
      keyPrefix,
      leaseMilliseconds: 600_000,
      requestTimeoutMilliseconds: 50,
    })
    expect((await store.lock(name)).outcome).toBe('unavailable')
    expect(await it.client.exists(it.lockKey)).toBe(1)
    gate.resolve()
    await expect.poll(() => it.client.exists(it.lockKey)).toBe(0)
  })

  test('redis store: a record, its lock, its list entry and its due time share a slot of a cluster', async () => {
    await using it = await scene()
    const lock = acquired(await it.store.lock(name))
    await it.store.write(name, '1', 0)
    await it.store.setAside(name, 1)
    await it.store.write(name, '1', 0)
    const keys = await it.client.keys(`${it.lockKey.slice(0, it.lockKey.indexOf('{'))}*`)
    expect(keys).toHaveLength(5)
    // Redis hashes the text between the first braces.
    const slots = keys.map((found) => /\{(.+?)\}/.exec(found)?.[1])
    expect(slots[0]).toBe('grant:cc')
    expect(new Set(slots).size).toBe(1)
    await lock.release()
  })
})

function acquired(outcome: LockOutcome): HeldLock {
  if (outcome.outcome !== 'acquired') throw new Error(`The lock is ${outcome.outcome}.`)
  return outcome.lock
}
