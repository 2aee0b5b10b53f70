import { expect, test } from 'vitest'
import { token } from './opened-store.ts'
import type { OpenedStore } from './opened-store.ts'

/** What many concurrent refreshes rely on. */
export function refreshContract(open: () => Promise<OpenedStore>): void {
  test(
    'refresh tokens: exchanges of many tokens at once each succeed once, and one that fails fails alone',
    { tags: ['A-05', 'A-06'] },
    async () => {
      await using opened = await open()
      const { refreshTokens } = opened.store
      const families = Array.from({ length: 30 }, (_, index) => `family ${index}`)
      for (const family of families) await refreshTokens.insert(token(`a of ${family}`, family))
      await refreshTokens.insert(token('taken', 'other'))
      await refreshTokens.insert(token('a of other', 'other'))
      const exchange = async (family: string) =>
        await refreshTokens.supersede(`a of ${family}`, token(`b of ${family}`, family), 1500)
      const [failed, missing, ...outcomes] = await Promise.allSettled([
        refreshTokens.supersede('a of other', token('taken', 'other'), 1500),
        exchange('unknown'),
        ...families.map(exchange),
        ...families.map(exchange),
      ])
      expect(failed?.status).toBe('rejected')
      expect(missing).toMatchObject({ value: 'missing' })
      const values = outcomes.map((one) => (one.status === 'fulfilled' ? one.value : one.reason))
      const pairs = families.map((_, index) => new Set([values[index], values[index + 30]]))
      expect(pairs).toEqual(families.map(() => new Set(['superseded', 'already-superseded'])))
      for (const family of families) {
        expect(await refreshTokens.find(`a of ${family}`)).toMatchObject({
          successorId: `b of ${family}`,
        })
        expect(await refreshTokens.find(`b of ${family}`)).toEqual(token(`b of ${family}`, family))
      }
      expect((await refreshTokens.find('a of other'))?.successorId).toBeUndefined()
    },
  )

  test('refresh reads: finds the client, the token, its grant and its account', async () => {
    await using opened = await open()
    const { store } = opened
    const client = { payload: { client_id: 'client' }, expiresAtEpochSeconds: 5000 }
    const grant = { payload: { kind: 'Grant' }, expiresAtEpochSeconds: 6000 }
    const account = { id: 'alice', username: 'Alice', passwordHash: 'hash' }
    await store.artifacts.put('Client', 'client', client)
    await store.artifacts.put('Grant', 'family', grant)
    await store.accounts.add(account)
    await store.refreshTokens.insert(token('a', 'family'))
    await store.refreshTokens.insert(token('b', 'without grant'))
    const nothing = {
      client: undefined,
      refreshToken: undefined,
      grant: undefined,
      account: undefined,
    }
    const lookups = [
      ['client', 'a', { client, refreshToken: token('a', 'family'), grant, account }],
      ['client', 'b', { ...nothing, client, refreshToken: token('b', 'without grant'), account }],
      ['client', 'unknown', { ...nothing, client }],
      ['unknown', 'a', { ...nothing, refreshToken: token('a', 'family'), grant, account }],
      ['unknown', 'unknown', nothing],
      ['\0', 'unknown', nothing],
    ] as const
    const found = await Promise.all(
      lookups.map(async ([clientId, id]) => await store.findForRefresh(clientId, id)),
    )
    expect(found).toEqual(lookups.map(([, , expected]) => expected))
  })
}
