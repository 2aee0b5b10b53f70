import { afterEach, expect, test, vi } from 'vitest'
import { createLimiter } from '../../src/http/limiter.ts'
import type { LimiterRule } from '../../src/http/limiter.ts'
import { openStore } from '../../src/store/open.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { databases } from '../databases.ts'

// The library reads the system's clock.
afterEach(() => vi.useRealTimers())

function limiterOf(rule: Partial<LimiterRule>, store: Store = openSqliteStore(':memory:')) {
  return createLimiter(store, { name: 'test', maximum: 2, windowSeconds: 60, ...rule })
}

test('limiter: counts by key, and forgets at the end of the window', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 })
  const limiter = limiterOf({ maximum: 2, windowSeconds: 60 })
  await limiter.count('a')
  expect(limiter.blockedForSeconds('a')).toBeUndefined()
  await limiter.count('a')
  vi.setSystemTime(1_020_000)
  expect(limiter.blockedForSeconds('a')).toBe(40)
  expect(await limiter.count('a')).toBe(40)
  expect(limiter.blockedForSeconds('b')).toBeUndefined()
  vi.setSystemTime(1_060_000)
  expect(limiter.blockedForSeconds('a')).toBeUndefined()
  expect(await limiter.count('a')).toBeUndefined()
})

test('limiter: a full one forgets the least recently counted key', async () => {
  const limiter = limiterOf({ maximum: 1, maximumKeys: 2 })
  for (const key of ['a', 'b', 'a', 'c']) await limiter.count(key)
  const blocked = ['a', 'b', 'c'].map((key) => limiter.blockedForSeconds(key) !== undefined)
  expect(blocked).toEqual([true, false, true])
  expect(await limiter.count('b')).toBeUndefined()
})

test('limiter: takes a count back', async () => {
  const limiter = limiterOf({ maximum: 1 })
  await limiter.count('a')
  await limiter.uncount('a')
  expect(limiter.blockedForSeconds('a')).toBeUndefined()
  expect(await limiter.count('a')).toBeUndefined()
})

test('limiter: counts in memory while the store fails', { tags: ['A-08'] }, async () => {
  const store = openSqliteStore(':memory:')
  const limiter = limiterOf({ maximum: 3 }, store)
  await limiter.count('a')
  await store.close()
  const outcomes = []
  for (const _ of Array.from({ length: 4 })) outcomes.push(await limiter.count('a'))
  expect(outcomes.map((seconds) => seconds === undefined)).toEqual([true, true, true, false])
  await limiter.uncount('a')
})

test.each(databases.filter(({ available }) => available))(
  'limiter: instances on one $name share the counters',
  { tags: ['A-08'] },
  async (kind) => {
    await using database = await kind.open()
    const stores = [await openStore(database.location), await openStore(database.location)]
    const limiters = stores.map((store) => limiterOf({ maximum: 10 }, store))
    const outcomes = await Promise.all(
      Array.from({ length: 7 }).flatMap(() => limiters.map((limiter) => limiter.count('a b'))),
    )
    expect(outcomes.filter((seconds) => seconds === undefined)).toHaveLength(10)
    for (const limiter of limiters) {
      expect(await limiter.count('a b')).toBeGreaterThan(0)
      expect(await limiter.count('c')).toBeUndefined()
    }
    expect(await database.content()).not.toContain('a b')
    await Promise.all(stores.map((store) => store.close()))
  },
)
