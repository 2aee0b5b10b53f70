import { expect, test } from 'vitest'
import { createBatches, maximumBatchItems } from '../../src/store/postgres/batches.ts'

/** Work that ends when the test lets it. Items named `bad` fail. */
function scene() {
  const batches: string[][] = []
  const ends: (() => void)[] = []
  const add = createBatches<string, string>({
    keyOf: (item) => item,
    async run(items) {
      batches.push([...items])
      await new Promise<void>((resolve) => ends.push(resolve))
      if (items.includes('bad')) throw new Error('refused')
      return items.map((item) => `${item}!`)
    },
  })
  const turn = async () =>
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  return {
    add,
    batches,
    turn,
    endAll: async () => {
      await turn()
      while (ends.length > 0) {
        for (const end of ends.splice(0)) end()
        await turn()
      }
    },
  }
}

test('batches: work of one turn shares a batch, in the order of its keys', async () => {
  const { add, batches, endAll } = scene()
  const results = Promise.all(['b', 'c', 'a'].map(add))
  await endAll()
  expect(await results).toEqual(['b!', 'c!', 'a!'])
  expect(batches).toEqual([['a', 'b', 'c']])
})

test('batches: two of the same key never share a batch', async () => {
  const { add, batches, endAll } = scene()
  const results = Promise.all(['a', 'a', 'b', 'a'].map(add))
  await endAll()
  expect(await results).toEqual(['a!', 'a!', 'b!', 'a!'])
  expect(batches).toEqual([['a', 'b'], ['a'], ['a']])
})

test('batches: many items run in several batches at once, and later work waits for none', async () => {
  const { add, batches, turn, endAll } = scene()
  const results = Array.from(
    { length: maximumBatchItems + 1 },
    async (_, index) => await add(`${index}`),
  )
  await turn()
  expect(batches.map((batch) => batch.length)).toEqual([maximumBatchItems, 1])
  results.push(add('later'))
  await turn()
  expect(batches.at(-1)).toEqual(['later'])
  await endAll()
  expect(await Promise.all(results)).toHaveLength(maximumBatchItems + 2)
})

test('batches: work that fails fails alone', async () => {
  const { add, batches, endAll } = scene()
  const results = Promise.allSettled(['a', 'bad', 'c'].map(add))
  await endAll()
  expect((await results).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
  ])
  expect(batches).toEqual([['a', 'bad', 'c'], ['a'], ['bad'], ['c']])
})
