import { expect, test } from 'vitest'
import { limitedCache } from '../src/lib/limited-cache.ts'

function cacheOf(maximumEntries: number, maximumBytes: number) {
  const dropped: string[] = []
  const cache = limitedCache<{ readonly name: string; readonly bytes: number }>(
    { maximumEntries, maximumBytes },
    ({ name }) => dropped.push(name),
  )
  return {
    cache,
    dropped,
    add: (name: string, bytes = 1) => cache.add(name, { name, bytes }),
    has: (...names: string[]) => names.filter((name) => cache.find(name) !== undefined).join(''),
  }
}

test('limited cache: drops the value that was not used for the longest time', () => {
  const { cache, dropped, add, has } = cacheOf(3, 100)
  for (const name of ['a', 'b', 'c']) add(name)
  cache.noteUse('a')
  add('d')
  add('e')
  expect(dropped).toEqual(['b', 'c'])
  expect(has('a', 'b', 'c', 'd', 'e')).toBe('ade')
  // A look-up is not a use.
  expect(cache.find('a')).toMatchObject({ name: 'a' })
  add('f')
  expect(dropped).toEqual(['b', 'c', 'a'])
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
  cache.noteUse('unknown')
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
