import { expect, test } from 'vitest'
import { token } from './opened-store.ts'
import type { OpenedStore } from './opened-store.ts'

export function refreshTokenContract(open: () => Promise<OpenedStore>): void {
  test(
    'refresh tokens: of many concurrent exchanges, one succeeds',
    { tags: ['A-05', 'A-06'] },
    async () => {
      await using opened = await open()
      const { refreshTokens } = opened.store
      await refreshTokens.insert(token('a', 'family'))
      const outcomes = await Promise.all(
        Array.from(
          { length: 20 },
          async () => await refreshTokens.supersede('a', token('b', 'family'), 1500),
        ),
      )
      expect(outcomes.filter((outcome) => outcome === 'superseded')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'already-superseded')).toHaveLength(19)
      expect(await refreshTokens.find('a')).toMatchObject({
        supersededAtEpochSeconds: 1500,
        successorId: 'b',
      })
      expect(await refreshTokens.find('b')).toEqual(token('b', 'family'))
    },
  )

  test(
    'refresh tokens: the successor and the mark of its predecessor are stored together or not at all',
    { tags: ['A-06'] },
    async () => {
      await using opened = await open()
      const { refreshTokens } = opened.store
      await refreshTokens.insert(token('a', 'family'))
      await refreshTokens.insert(token('b', 'other'))
      // The successor's ID is taken, so the insert fails and the mark must be rolled back.
      await expect(refreshTokens.supersede('a', token('b', 'family'), 1500)).rejects.toThrow(
        /UNIQUE|unique/,
      )
      expect((await refreshTokens.find('a'))?.supersededAtEpochSeconds).toBeUndefined()
    },
  )

  test('refresh tokens: a revoked family stays revoked', { tags: ['A-05', 'A-11'] }, async () => {
    await using opened = await open()
    const { refreshTokens } = opened.store
    await refreshTokens.insert(token('a', 'family'))
    await refreshTokens.insert(token('x', 'other'))
    await refreshTokens.revokeFamily('family')
    expect(await refreshTokens.supersede('a', token('b', 'family'), 1500)).toBe('missing')
    expect(await refreshTokens.find('b')).toBeUndefined()
    expect(await refreshTokens.find('x')).toBeDefined()
  })

  test(
    'refresh tokens: a rotation during a revocation leaves no live token',
    { tags: ['A-05', 'A-11'] },
    async () => {
      await using opened = await open()
      const { refreshTokens } = opened.store
      for (const round of Array.from({ length: 25 }, (_, index) => index)) {
        const family = `family ${round}`
        const ids = Array.from({ length: 8 }, (_, index) => `${round}/${index}`)
        await refreshTokens.insert(token(ids[0] ?? '', family))
        const rotating = (async () => {
          for (const [index, id] of ids.slice(1).entries()) {
            await refreshTokens.supersede(ids[index] ?? '', token(id, family), 1500)
          }
        })()
        // Two revocations, as by two instances that both detect the reuse.
        await Promise.all([
          rotating,
          refreshTokens.revokeFamily(family),
          refreshTokens.revokeFamily(family),
        ])
        const left = await Promise.all(ids.map(async (id) => await refreshTokens.find(id)))
        expect(left.filter(Boolean)).toEqual([])
      }
    },
  )

  test('refresh tokens: the first use is kept', { tags: ['A-06'] }, async () => {
    await using opened = await open()
    const { refreshTokens } = opened.store
    await refreshTokens.insert(token('a', 'family'))
    await Promise.all([1501, 1502].map(async (at) => await refreshTokens.markUsed('a', at)))
    const used = await refreshTokens.find('a')
    expect([1501, 1502]).toContain(used?.firstUsedAtEpochSeconds)
    await refreshTokens.markUsed('a', 1503)
    expect(await refreshTokens.find('a')).toEqual(used)
    await refreshTokens.markUsed('missing', 1504)
    expect(await refreshTokens.find('missing')).toBeUndefined()
  })

  test('active grants: lists the live ones of one account', { tags: ['A-10'] }, async () => {
    await using opened = await open()
    const { refreshTokens } = opened.store
    await refreshTokens.insert(token('a', 'family'))
    await refreshTokens.supersede('a', token('b', 'family'), 1500)
    await refreshTokens.insert({ ...token('x', 'other'), expiresAtEpochSeconds: 1100 })
    expect(await opened.store.listActiveGrants('alice', 1200)).toEqual([
      {
        grantId: 'family',
        clientId: 'client',
        scope: 'mcp:read',
        lastUsedAtEpochSeconds: 1000,
        expiresAtEpochSeconds: 2000,
      },
    ])
    expect(await opened.store.listActiveGrants('bob', 1200)).toEqual([])
  })
}
