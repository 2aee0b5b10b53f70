import { describe, expect, test } from 'vitest'
import { addAccount, authenticate } from '../src/accounts/accounts.ts'
import type { Store } from '../src/store/store.ts'

/** A store for one check, and how to close it with all that it leaves behind. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: Store
}

export function token(id: string, familyId: string) {
  return {
    id,
    familyId,
    issuedAtEpochSeconds: 1000,
    expiresAtEpochSeconds: 2000,
    familyExpiresAtEpochSeconds: 3000,
    data: { accountId: 'alice', clientId: 'client', scope: 'mcp:read' },
  }
}

/** What the server relies on, whatever the database. Every store runs all of it. */
export function describeStoreContract(
  store: string,
  open: () => Promise<OpenedStore>,
  available = true,
): void {
  describe.runIf(available)(`store: ${store}`, () => {
    test('of many who consume one artifact, one wins', { tags: ['A-05'] }, async () => {
      await using opened = await open()
      const { artifacts } = opened.store
      await artifacts.put('AuthorizationCode', 'id', { payload: { scope: 'a' } })
      const outcomes = await Promise.all(
        Array.from(
          { length: 20 },
          async (_, at) => await artifacts.consume('AuthorizationCode', 'id', at),
        ),
      )
      expect(outcomes.filter(Boolean)).toHaveLength(1)
      expect(await artifacts.consume('AuthorizationCode', 'missing', 1)).toBe(false)
      expect(await artifacts.find('AuthorizationCode', 'id')).toMatchObject({
        consumedAtEpochSeconds: outcomes.indexOf(true),
      })
    })

    test('of many who add one artifact, one wins', { tags: ['A-05'] }, async () => {
      await using opened = await open()
      const { artifacts } = opened.store
      const outcomes = await Promise.all(
        Array.from(
          { length: 20 },
          async (_, at) =>
            await artifacts.add('ReplayDetection', 'id', {
              payload: { iss: 'client' },
              expiresAtEpochSeconds: 1000 + at,
            }),
        ),
      )
      expect(outcomes.filter(Boolean)).toHaveLength(1)
      expect(await artifacts.find('ReplayDetection', 'id')).toEqual({
        payload: { iss: 'client' },
        expiresAtEpochSeconds: 1000 + outcomes.indexOf(true),
      })
      expect(await artifacts.add('ReplayDetection', 'other', { payload: {} })).toBe(true)
      expect(await artifacts.add('Session', 'id', { payload: {} })).toBe(true)
      await artifacts.delete('ReplayDetection', 'id')
      expect(await artifacts.add('ReplayDetection', 'id', { payload: {} })).toBe(true)
    })

    test('an artifact comes back as it was put, and is replaced', { tags: ['A-05'] }, async () => {
      await using opened = await open()
      const { artifacts } = opened.store
      const artifact = {
        payload: { scope: 'käse \0 \ud83d\ude00 "\'' },
        expiresAtEpochSeconds: 4_294_967_296,
        grantId: 'grant',
        lookupKey: 'key',
        consumedAtEpochSeconds: 7,
      }
      await artifacts.put('Session', 'id', artifact)
      expect(await artifacts.find('Session', 'id')).toEqual(artifact)
      expect(await artifacts.find('Interaction', 'id')).toBeUndefined()
      await artifacts.put('Session', 'id', { payload: { scope: 'b' } })
      expect(await artifacts.findByLookupKey('Session', 'key')).toBeUndefined()
      expect(await artifacts.find('Session', 'id')).toEqual({ payload: { scope: 'b' } })
    })

    test('of many who supersede one token, one wins', { tags: ['A-05', 'A-06'] }, async () => {
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
    })

    test(
      'a successor is stored with its predecessor marked, or not at all',
      { tags: ['A-06'] },
      async () => {
        await using opened = await open()
        const { refreshTokens } = opened.store
        await refreshTokens.insert(token('a', 'family'))
        await refreshTokens.insert(token('b', 'other'))
        // The successor's id is taken: the insert fails, and the mark must go with it.
        await expect(refreshTokens.supersede('a', token('b', 'family'), 1500)).rejects.toThrow(
          /UNIQUE|unique/,
        )
        expect((await refreshTokens.find('a'))?.supersededAtEpochSeconds).toBeUndefined()
      },
    )

    test(
      'nothing comes back after its family was revoked',
      { tags: ['A-05', 'A-11'] },
      async () => {
        await using opened = await open()
        const { refreshTokens } = opened.store
        await refreshTokens.insert(token('a', 'family'))
        await refreshTokens.insert(token('x', 'other'))
        await refreshTokens.revokeFamily('family')
        expect(await refreshTokens.supersede('a', token('b', 'family'), 1500)).toBe('missing')
        expect(await refreshTokens.find('b')).toBeUndefined()
        expect(await refreshTokens.find('x')).toBeDefined()
      },
    )

    test(
      'a rotation that runs into a revocation leaves nothing alive',
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
          // Two at once, as two instances that both see the reuse.
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

    test('the first use of a token is kept', { tags: ['A-06'] }, async () => {
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

    test('artifacts end with their grant, model by model', { tags: ['A-11'] }, async () => {
      await using opened = await open()
      const { artifacts } = opened.store
      for (const model of ['AccessToken', 'AuthorizationCode']) {
        await artifacts.put(model, 'id', { payload: {}, grantId: 'grant', lookupKey: 'key' })
      }
      await artifacts.deleteByGrant('AccessToken', 'grant')
      expect(await artifacts.find('AccessToken', 'id')).toBeUndefined()
      expect(await artifacts.findByLookupKey('AuthorizationCode', 'key')).toBeDefined()
      await artifacts.delete('AuthorizationCode', 'id')
      expect(await artifacts.find('AuthorizationCode', 'id')).toBeUndefined()
    })

    test('the sweep takes what has expired and nothing else', { tags: ['A-07'] }, async () => {
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
      'an artifact that is extended survives the sweep, also one at the same time',
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

    test('a backlog of several batches is swept whole', { tags: ['A-07'] }, async () => {
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
      'a superseded token is kept as long as its family lives',
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

    test('a secret is made once, and replaced by whoever knows it', async () => {
      await using opened = await open()
      const { secrets } = opened.store
      let made = 0
      const create = async () => {
        made += 1
        return `secret ${made}`
      }
      const values = await Promise.all(
        Array.from({ length: 5 }, async () => await secrets.getOrCreate('key', create)),
      )
      const [first = ''] = values
      expect(new Set(values).size).toBe(1)
      const replaced = await Promise.all(
        ['a', 'b', 'c'].map(async (next) => await secrets.replace('key', first, next)),
      )
      expect(replaced.filter(Boolean)).toHaveLength(1)
      expect(await secrets.getOrCreate('key', create)).toBe(['a', 'b', 'c'][replaced.indexOf(true)])
      expect(await secrets.replace('other', first, 'd')).toBe(false)
    })

    test('accounts: names once, whatever their case', async () => {
      await using opened = await open()
      const { accounts } = opened.store
      const account = await addAccount(accounts, 'Alice', 'correct horse')
      await expect(addAccount(accounts, 'alice', 'correct horse')).rejects.toMatchObject({
        code: 'ACCOUNT_EXISTS',
      })
      expect(await authenticate(accounts, 'ALICE', 'correct horse')).toEqual(account)
      expect(await authenticate(accounts, 'alice', 'Correct horse')).toBeUndefined()
      expect(await authenticate(accounts, 'bob', 'correct horse')).toBeUndefined()
      for (const [name, password] of [
        ['', 'correct horse'],
        ['a\nb', 'correct horse'],
        ['bob', 'short'],
      ] as const) {
        await expect(addAccount(accounts, name, password)).rejects.toMatchObject({
          code: 'OPTION_INVALID',
        })
      }
      await accounts.add({ id: 'b', username: 'bob', passwordHash: 'hash' })
      expect((await accounts.list()).map(({ username }) => username)).toEqual(['Alice', 'bob'])
      expect(await accounts.findById('b')).toMatchObject({ username: 'bob' })
      expect(await accounts.remove('BOB')).toBe(true)
      expect(await accounts.remove('bob')).toBe(false)
    })

    test('a name no database can hold is a name nobody has', async () => {
      await using opened = await open()
      const { accounts, artifacts, refreshTokens } = opened.store
      const finds = [
        accounts.findByUsername('a\0b'),
        accounts.findById('\0'),
        artifacts.find('Client', 'client\0'),
        artifacts.findByLookupKey('Session', '\0'),
        refreshTokens.find('\0'),
        artifacts.find('Client', '\ud800'),
      ]
      expect(await Promise.all(finds)).toEqual(finds.map(() => undefined))
    })

    test('lasting grants: the live ones of one account', { tags: ['A-10'] }, async () => {
      await using opened = await open()
      const { refreshTokens } = opened.store
      await refreshTokens.insert(token('a', 'family'))
      await refreshTokens.supersede('a', token('b', 'family'), 1500)
      await refreshTokens.insert({ ...token('x', 'other'), expiresAtEpochSeconds: 1100 })
      expect(await opened.store.listLastingGrants('alice', 1200)).toEqual([
        {
          grantId: 'family',
          clientId: 'client',
          scope: 'mcp:read',
          lastUsedAtEpochSeconds: 1000,
          expiresAtEpochSeconds: 2000,
        },
      ])
      expect(await opened.store.listLastingGrants('bob', 1200)).toEqual([])
    })

    test('it says whether it can be used', async () => {
      await using opened = await open()
      const { refreshTokens } = opened.store
      await expect(opened.store.check()).resolves.toBeUndefined()
      // Asked in the middle of rotations, it is in the way of none.
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
  })
}
