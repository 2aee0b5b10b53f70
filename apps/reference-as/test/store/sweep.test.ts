import { expect, test } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { sweepBatchRows, sweepInBatches } from '../../src/store/sweep.ts'
import { token } from './contract/opened-store.ts'

test('sweep: a refresh on SQLite does not wait for its end', { tags: ['A-06'] }, async () => {
  const store = openSqliteStore(':memory:')
  const { artifacts, refreshTokens } = store
  for (const index of Array.from({ length: 2001 }).keys()) {
    await artifacts.put('Session', `${index}`, { payload: {}, expiresAtEpochSeconds: 999 })
  }
  await refreshTokens.insert(token('a', 'family'))
  let rows: number | undefined
  const sweeping = store.sweep(1000).then((swept) => (rows = swept))
  expect(await refreshTokens.supersede('a', token('b', 'family'), 1500)).toBe('superseded')
  expect(rows).toBeUndefined()
  expect(await sweeping).toBe(2001)
  await store.close()
})

test(
  'sweep: ends with its store, and leaves a large backlog to the next sweep',
  { tags: ['A-07'] },
  async () => {
    const store = openSqliteStore(':memory:')
    for (const index of Array.from({ length: 1001 }).keys()) {
      await store.artifacts.put('Session', `${index}`, { payload: {}, expiresAtEpochSeconds: 999 })
    }
    const sweeping = store.sweep(1000)
    await store.close()
    expect(await sweeping).toBe(1000)

    let batches = 0
    const endless = () => {
      batches += 1
      return sweepBatchRows
    }
    expect(await sweepInBatches(endless, () => true)).toBe(100_000)
    expect(batches).toBe(100)
  },
)
