import { expect, test } from 'vitest'
import { token } from './opened-store.ts'
import type { OpenedStore } from './opened-store.ts'

export function sweepContract(open: () => Promise<OpenedStore>): void {
  test('sweep: deletes exactly what has expired', { tags: ['A-07'] }, async () => {
    await using opened = await open()
    const { artifacts, refreshTokens } = opened.store
    await artifacts.put('Session', 'old', { payload: {}, expiresAtEpochSeconds: 999 })
    await artifacts.put('Session', 'new', { payload: {}, expiresAtEpochSeconds: 1001 })
    await artifacts.put('Client', 'kept', { payload: {} })
    await refreshTokens.insert({ ...token('old', 'family'), expiresAtEpochSeconds: 999 })
    await refreshTokens.insert({ ...token('new', 'family'), expiresAtEpochSeconds: 1001 })
    expect(await opened.store.sweep(1000)).toBe(2)
    expect(await opened.store.sweep(1000)).toBe(0)
    expect(await artifacts.find('Session', 'new')).toBeDefined()
    expect(await artifacts.find('Client', 'kept')).toBeDefined()
    expect(await refreshTokens.find('new')).toBeDefined()
    expect(await refreshTokens.find('old')).toBeUndefined()
  })

  test(
    'sweep: an extended artifact survives, also a concurrent sweep',
    { tags: ['A-13'] },
    async () => {
      await using opened = await open()
      const { store: stored } = opened
      const { artifacts } = stored
      const ids = Array.from({ length: 20 }, (_, index) => `client-${index}`)
      for (const id of ids) {
        await artifacts.put('Client', id, { payload: {}, expiresAtEpochSeconds: 1000 })
      }
      const [extended] = await Promise.all([
        Promise.all(ids.map(async (id) => await artifacts.extend('Client', id, 3000))),
        stored.sweep(2000),
      ])
      const kept = new Set(ids.filter((_, index) => extended[index]))
      for (const id of ids) {
        const found = await artifacts.find('Client', id)
        expect(found?.expiresAtEpochSeconds).toBe(kept.has(id) ? 3000 : undefined)
      }
      await artifacts.put('Client', 'late', { payload: {}, expiresAtEpochSeconds: 5000 })
      expect(await artifacts.extend('Client', 'late', 4000)).toBe(true)
      expect(await artifacts.find('Client', 'late')).toMatchObject({
        expiresAtEpochSeconds: 5000,
      })
      await artifacts.put('Client', 'endless', { payload: {} })
      expect(await artifacts.extend('Client', 'endless', 4000)).toBe(true)
      expect(await artifacts.find('Client', 'endless')).toEqual({ payload: {} })
      expect(await artifacts.extend('Client', 'missing', 4000)).toBe(false)
    },
  )

  test('sweep: deletes a backlog of several batches', { tags: ['A-07'] }, async () => {
    await using opened = await open()
    const { artifacts, refreshTokens } = opened.store
    const rows = Array.from({ length: 2300 }, (_, index) => `id ${index}`)
    for (const id of rows) {
      await artifacts.put('Session', id, { payload: {}, expiresAtEpochSeconds: 999 })
      await refreshTokens.insert({ ...token(id, 'family'), expiresAtEpochSeconds: 999 })
    }
    await artifacts.put('Session', 'new', { payload: {}, expiresAtEpochSeconds: 1001 })
    await refreshTokens.insert(token('new', 'family'))
    expect(await opened.store.sweep(1000)).toBe(2 * rows.length)
    expect(await opened.store.sweep(1000)).toBe(0)
    expect(await artifacts.find('Session', 'new')).toBeDefined()
    expect(await refreshTokens.find('new')).toBeDefined()
  })

  test(
    'sweep: keeps a superseded token as long as its family lives',
    { tags: ['A-05', 'A-07'] },
    async () => {
      await using opened = await open()
      const { refreshTokens } = opened.store
      await refreshTokens.insert(token('a', 'family'))
      await refreshTokens.supersede('a', token('b', 'family'), 1500)
      expect(await opened.store.sweep(2500)).toBe(1)
      expect(await refreshTokens.find('b')).toBeUndefined()
      expect(await refreshTokens.find('a')).toBeDefined()
      expect(await opened.store.sweep(3001)).toBe(1)
    },
  )

  test('health: check succeeds and does not disturb rotations', async () => {
    await using opened = await open()
    const { refreshTokens } = opened.store
    await expect(opened.store.check()).resolves.toBeUndefined()
    // Concurrent rotations must not fail.
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        await refreshTokens.insert(token(`a${index}`, 'family'))
        const rotating = refreshTokens.supersede(`a${index}`, token(`b${index}`, 'family'), 1500)
        await opened.store.check()
        return await rotating
      }),
    )
    expect(outcomes).toEqual(Array(20).fill('superseded'))
  })
}
