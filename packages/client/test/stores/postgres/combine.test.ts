import { expect, test, vi } from 'vitest'
import type { CombineOptions } from '../../../src/stores/postgres/combine.ts'
import { combined } from '../../../src/stores/postgres/combine.ts'

interface Item {
  readonly key: string
  readonly value: number
}

/** A statement that waits until the test answers it. */
interface Sent {
  readonly items: readonly Item[]
  answer(): void
  fail(error: unknown): void
}

function scene(options: Partial<CombineOptions<Item>> = {}) {
  const sent: Sent[] = []
  const call = combined<Item, number>(
    (items) =>
      new Promise((resolve, reject) => {
        sent.push({
          items,
          answer: () => resolve(items.map(({ value }) => value * 10)),
          fail: reject,
        })
      }),
    {
      maximumItems: 3,
      maximumStatements: 1,
      maximumWaitMilliseconds: 60_000,
      overdue: () => new Error('overdue'),
      keyOf: ({ key }) => key,
      sameKey: 'separate',
      ...options,
    },
  )
  return {
    sent,
    call: (key: string, value: number) => call({ key, value }),
    values: () => sent.map(({ items }) => items.map(({ value }) => value)),
  }
}

const turn = () => new Promise(setImmediate)

test('combined statements: calls of one turn go together, and each gets its result', async () => {
  const { sent, call, values } = scene()
  const calls = Promise.all([call('a', 1), call('b', 2), call('c', 3)])
  await turn()
  expect(values()).toEqual([[1, 2, 3]])
  sent[0]?.answer()
  expect(await calls).toEqual([10, 20, 30])
})

test('combined statements: calls during a statement go into the next one, up to its size', async () => {
  const { sent, call, values } = scene()
  const first = call('a', 1)
  await turn()
  const others = Promise.all([2, 3, 4, 5].map((value) => call(String(value), value)))
  await turn()
  expect(values()).toEqual([[1]])
  sent[0]?.answer()
  expect(await first).toBe(10)
  await expect.poll(values).toEqual([[1], [2, 3, 4]])
  sent[1]?.answer()
  await expect.poll(values).toEqual([[1], [2, 3, 4], [5]])
  sent[2]?.answer()
  expect(await others).toEqual([20, 30, 40, 50])
})

test('combined statements: no more than the largest number runs at once', async () => {
  const { sent, call, values } = scene({ maximumItems: 1, maximumStatements: 2 })
  const calls = Promise.all([1, 2, 3].map((value) => call(String(value), value)))
  await expect.poll(values).toEqual([[1], [2]])
  sent[1]?.answer()
  await expect.poll(values).toEqual([[1], [2], [3]])
  sent[0]?.answer()
  sent[2]?.answer()
  expect(await calls).toEqual([10, 20, 30])
})

test('combined statements: two writes of one record never share a statement', async () => {
  const { sent, call, values } = scene()
  const calls = Promise.all([call('a', 1), call('a', 2), call('b', 3)])
  await turn()
  expect(values()).toEqual([[1, 3]])
  sent[0]?.answer()
  await expect.poll(values).toEqual([[1, 3], [2]])
  sent[1]?.answer()
  expect(await calls).toEqual([10, 20, 30])
})

test('combined statements: equal reads share one row, but never join a statement that was sent', async () => {
  const { sent, call, values } = scene({ sameKey: 'share' })
  const calls = Promise.all([call('a', 1), call('a', 1), call('b', 2)])
  await turn()
  const later = call('a', 1)
  expect(values()).toEqual([[1, 2]])
  sent[0]?.answer()
  expect(await calls).toEqual([10, 10, 20])
  await expect.poll(values).toEqual([[1, 2], [1]])
  sent[1]?.answer()
  expect(await later).toBe(10)
})

test('combined statements: a failure rejects every call of the statement, and the next one runs', async () => {
  const { sent, call, values } = scene()
  const calls = Promise.allSettled([call('a', 1), call('b', 2)])
  await turn()
  sent[0]?.fail(new Error('connection lost'))
  expect((await calls).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  const next = call('a', 3)
  await expect.poll(values).toEqual([[1, 2], [3]])
  sent[1]?.answer()
  expect(await next).toBe(30)
})

test('combined statements: after a rollback, the items are repeated one by one', async () => {
  const { sent, call, values } = scene({
    repeatAlone: (error) => error instanceof Error && error.message === 'deadlock',
  })
  const calls = Promise.allSettled([call('a', 1), call('b', 2)])
  await turn()
  sent[0]?.fail(new Error('deadlock'))
  await expect.poll(values).toEqual([[1, 2], [1]])
  sent[1]?.answer()
  await expect.poll(values).toEqual([[1, 2], [1], [2]])
  sent[2]?.fail(new Error('deadlock'))
  expect(await calls).toMatchObject([
    { status: 'fulfilled', value: 10 },
    { status: 'rejected', reason: { message: 'deadlock' } },
  ])
})

test('combined statements: a call that waits too long is rejected and not sent', async () => {
  const { sent, call, values } = scene({ maximumWaitMilliseconds: -1 })
  await expect(call('a', 1)).rejects.toThrow('overdue')
  expect(values()).toEqual([])
  expect(sent).toEqual([])
})

test('combined statements: the repetition after a rollback ends in time', async () => {
  const { sent, call, values } = scene({ repeatAlone: () => true })
  const calls = Promise.allSettled([call('a', 1), call('b', 2), call('c', 3)])
  await turn()
  sent[0]?.fail(new Error('deadlock'))
  await expect.poll(values).toEqual([[1, 2, 3], [1]])
  const later = performance.now() + 60_001
  const now = vi.spyOn(performance, 'now').mockReturnValue(later)
  try {
    sent[1]?.answer()
    expect(await calls).toMatchObject([
      { status: 'fulfilled', value: 10 },
      { status: 'rejected', reason: { message: 'deadlock' } },
      { status: 'rejected', reason: { message: 'deadlock' } },
    ])
    expect(values()).toEqual([[1, 2, 3], [1]])
  } finally {
    now.mockRestore()
  }
})
