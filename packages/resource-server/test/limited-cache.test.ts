import { expect, test } from 'vitest'
import { limitedCache } from '../src/lib/limited-cache.ts'
import type { Limited } from '../src/lib/limited-cache.ts'

function cacheOf(maximumEntries: number, maximumBytes: number) {
  const dropped: string[] = []
  const cache = limitedCache<Limited & { readonly name: string }>(
    { maximumEntries, maximumBytes },
    ({ name }) => dropped.push(name),
  )
  return {
    cache,
    dropped,
    add: (name: string, bytes = 1) => cache.add(name, { name, bytes, wasUsed: false }),
    use: (name: string) => void Object.assign(cache.find(name) ?? {}, { wasUsed: true }),
    has: (...names: string[]) => names.filter((name) => cache.find(name) !== undefined).join(''),
  }
}

test('limited cache: drops the oldest value that was not used since the last drop', () => {
  const { dropped, add, use, has } = cacheOf(3, 100)
  for (const name of ['a', 'b', 'c']) add(name)
  use('a')
  add('d')
  expect(dropped).toEqual(['b'])
  use('c')
  use('d')
  // Goes on behind b, spares c and d, comes to a, whose use counted once.
  add('e')
  expect(dropped).toEqual(['b', 'a'])
  expect(has('a', 'b', 'c', 'd', 'e')).toBe('cde')
})

test('limited cache: makes room if all values were used', () => {
  const { dropped, add, use } = cacheOf(3, 100)
  for (const name of ['a', 'b', 'c']) add(name)
  for (const name of ['a', 'b', 'c']) use(name)
  add('d')
  expect(dropped).toEqual(['a'])
})

test('limited cache: values that are used once do not displace one that is used often', () => {
  const { add, use, has } = cacheOf(10, 100)
  add('often')
  for (let other = 0; other < 1000; other += 1) {
    use('often')
    add(`once ${other}`)
  }
  expect(has('often')).toBe('often')
})

test('limited cache: drops as many as the bytes of a new value need', () => {
  const { dropped, add, has } = cacheOf(100, 10)
  add('a', 4)
  add('b', 4)
  add('c', 8)
  expect(dropped).toEqual(['a', 'b'])
  add('d', 2)
  expect(has('a', 'b', 'c', 'd')).toBe('cd')
})

test('limited cache: a value that is larger than the cache is not kept, nor the one before it', () => {
  const { dropped, add, has } = cacheOf(100, 10)
  add('a', 4)
  add('b', 4)
  add('b', 11)
  expect(dropped).toEqual(['b'])
  expect(has('a', 'b')).toBe('a')
})

test('limited cache: a replaced or removed value gives its bytes back', () => {
  const { cache, dropped, add, has } = cacheOf(100, 10)
  add('a', 6)
  add('a', 3)
  add('b', 7)
  expect(has('a', 'b')).toBe('ab')
  cache.remove('b')
  cache.remove('unknown')
  add('c', 7)
  expect(has('a', 'b', 'c')).toBe('ac')
  expect(dropped).toEqual(['a', 'b'])
})

test('limited cache: finds the oldest value again after all were dropped', () => {
  const { cache, dropped, add, has } = cacheOf(2, 100)
  for (const round of ['1', '2', '3']) {
    for (const name of ['a', 'b', 'c']) add(`${name}${round}`)
    expect(has(`a${round}`, `b${round}`, `c${round}`)).toBe(`b${round}c${round}`)
    for (const name of ['b', 'c']) cache.remove(`${name}${round}`)
  }
  expect(dropped).toHaveLength(9)
})
