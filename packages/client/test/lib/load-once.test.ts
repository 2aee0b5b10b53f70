import { expect, test } from 'vitest'
import { loadOnce } from '../../src/lib/load-once.ts'

test('load once: concurrent and later callers get the same part', async () => {
  let loads = 0
  const part = loadOnce('counts', () => Promise.resolve({ number: (loads += 1) }))
  expect(loads).toBe(0)
  const [first, second] = await Promise.all([part(), part()])
  expect(second).toBe(first)
  expect(await part()).toBe(first)
  expect(loads).toBe(1)
})

test('load once: a load that failed is an error for all of its callers, and is repeated', async () => {
  const cause = new TypeError('Failed to fetch dynamically imported module')
  const answers = [Promise.reject(cause), Promise.resolve('loaded')]
  const part = loadOnce('signs in', () => answers.shift() ?? Promise.reject(cause))
  const failures = await Promise.allSettled([part(), part()])
  expect(failures).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  for (const failure of failures) {
    expect(failure).toHaveProperty('reason.code', 'TEMPORARILY_UNAVAILABLE')
    expect(failure).toHaveProperty(
      'reason.message',
      expect.stringContaining('The part of @evergrant/client that signs in'),
    )
    expect(failure).toHaveProperty('reason.cause', cause)
  }
  expect(await part()).toBe('loaded')
})
