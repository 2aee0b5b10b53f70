import { expect, test } from 'vitest'
import { mapAtMost } from '../../src/lib/map-at-most.ts'

test('map at most: keeps the order of the items, and never exceeds the limit', async () => {
  const waiting: (() => void)[] = []
  let running = 0
  let most = 0
  const mapping = mapAtMost(3, [0, 1, 2, 3, 4, 5, 6], async (item) => {
    running += 1
    most = Math.max(most, running)
    await new Promise<void>((resolve) => waiting.push(resolve))
    running -= 1
    return item * 10
  })
  // The last one that started ends first.
  for (let ended = 0; ended < 7; ended += 1) {
    await expect.poll(() => waiting.length).toBeGreaterThan(0)
    waiting.pop()?.()
  }
  expect(await mapping).toEqual([0, 10, 20, 30, 40, 50, 60])
  expect(most).toBe(3)
})

test('map at most: reads an asynchronous source, and no items give no results', async () => {
  async function* source(): AsyncGenerator<string> {
    yield 'a'
    yield 'b'
  }
  expect(await mapAtMost(4, source(), async (item) => item.toUpperCase())).toEqual(['A', 'B'])
  expect(await mapAtMost(4, [], async (item) => item)).toEqual([])
})

test('map at most: takes no further item after an error', async () => {
  const taken: number[] = []
  const mapping = mapAtMost(1, [1, 2, 3], async (item) => {
    taken.push(item)
    if (item === 2) throw new Error('two')
  })
  await expect(mapping).rejects.toThrow('two')
  expect(taken).toEqual([1, 2])
})

test('map at most: an error of the source is the error of the call', async () => {
  async function* source(): AsyncGenerator<number> {
    yield 1
    throw new Error('the store failed')
  }
  await expect(mapAtMost(2, source(), async (item) => item)).rejects.toThrow('the store failed')
})
