import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import type { RecordName } from '../../src/index.ts'
import { storeContract } from '../../src/stores/contract.ts'
import { noteMissing, sharedStores } from '../support/shared-stores.ts'

const name: RecordName = { kind: 'grant', id: 'c'.repeat(64) }
const other: RecordName = { kind: 'grant', id: 'd'.repeat(64) }
const secret = 'canary-refresh-token'

for (const kind of sharedStores) {
  noteMissing(`${kind.name}: contract`, kind)

  describe.runIf(kind.url !== undefined)(`${kind.name}: contract`, async () => {
    const shared = kind.url === undefined ? undefined : await kind.open()
    const subject = {
      reset: async () => await shared?.reset(),
      open: async () => {
        if (shared === undefined) throw new Error(`This suite requires ${kind.need}.`)
        return (await shared.machine()).store
      },
    }
    test.for(storeContract(subject))('$name', ({ run }) => expect(run()).resolves.toBeUndefined())
    afterAll(() => shared?.close())
  })

  async function scene() {
    const shared = await kind.open()
    const { store } = await shared.machine()
    await store.write(name, JSON.stringify({ refreshToken: secret }), 0)
    return { shared, store, [Symbol.asyncDispose]: () => shared.close() }
  }

  describe.runIf(kind.url !== undefined)(`${kind.name}: records`, () => {
    test('shared store: the stored text shows no token', { tags: ['C-06'] }, async () => {
      await using it = await scene()
      await it.shared.tamper(name, (sealed) => {
        expect(sealed).toContain('"format":1')
        expect(sealed).not.toContain(secret)
        return sealed
      })
    })

    test.each([
      ['cut off', (sealed: string) => sealed.slice(0, sealed.length / 2)],
      ['emptied', () => ''],
      ['replaced by other JSON', () => '{"tokens":"mine"}'],
      [
        'given another generation',
        (sealed: string) => sealed.replace('"generation":1', '"generation":9'),
      ],
    ])(
      'shared store: a record that was %s is set aside and reported',
      { tags: ['C-52'] },
      async (_how, damage) => {
        await using it = await scene()
        let damaged = ''
        await it.shared.tamper(name, (sealed) => (damaged = damage(sealed)))
        await expect(it.store.read(name)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
        expect(await it.shared.setAside()).toEqual([damaged])
        expect(await it.store.read(name)).toBeUndefined()
        expect(await it.store.write(name, '"new"', 0)).toMatchObject({ outcome: 'written' })
      },
    )

    test(
      'shared store: an old record with a newer generation does not open',
      { tags: ['C-52'] },
      async () => {
        await using it = await scene()
        let old = ''
        await it.shared.tamper(name, (sealed) => (old = sealed))
        await it.store.write(name, '"newer"', 1)
        await it.shared.tamper(name, () => old)
        await expect(it.store.read(name)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
      },
    )

    test(
      'shared store: a record that was copied to another name does not open',
      { tags: ['C-52'] },
      async () => {
        await using it = await scene()
        await it.store.write(other, '"other"', 0)
        let copy = ''
        await it.shared.tamper(name, (sealed) => (copy = sealed))
        await it.shared.tamper(other, () => copy)
        await expect(it.store.read(other)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
        expect((await it.store.read(name))?.generation).toBe(1)
      },
    )

    test('shared store: a record of another key is not changed', { tags: ['C-52'] }, async () => {
      await using it = await scene()
      const differently = await it.shared.machine({ key: randomBytes(32) })
      const message = expect.stringContaining('another key')
      await expect(differently.store.read(name)).rejects.toMatchObject({
        code: 'RECORD_UNREADABLE',
        message,
      })
      expect(await it.shared.setAside()).toEqual([])
      expect((await it.store.read(name))?.body).toContain(secret)
    })

    test(
      'shared store: a record of a later version is not changed',
      { tags: ['C-52'] },
      async () => {
        await using it = await scene()
        const later = (sealed: string): string => sealed.replace('"format":1', '"format":2')
        await it.shared.tamper(name, later)
        const message = expect.stringContaining('format version 2')
        await expect(it.store.read(name)).rejects.toMatchObject({
          code: 'RECORD_UNREADABLE',
          message,
        })
        expect(await it.shared.setAside()).toEqual([])
      },
    )

    test(
      'shared store: the age of a record counts by the clock of the server',
      { tags: ['C-55'] },
      async () => {
        await using it = await scene()
        await it.shared.age(500)
        const age = (await it.store.read(name))?.ageSeconds ?? 0
        expect(age).toBeGreaterThanOrEqual(500)
        expect(age).toBeLessThan(560)
      },
    )
  })

  describe.runIf(kind.url !== undefined)(`${kind.name}: due grants`, () => {
    test(
      'shared store: a damaged grant that is due is set aside and reported with the others of its claim',
      { tags: ['C-52'] },
      async () => {
        await using it = await scene()
        await it.store.due.set(name.id, 1, 0)
        await it.store.write(other, '"other"', 0, 0)
        await it.shared.tamper(name, () => 'damaged')
        const { grants } = await it.store.due.claim({ limit: 10, claimSeconds: 60 })
        expect(grants.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toMatchObject([
          { id: name.id, unreadable: { generation: 1, error: { code: 'RECORD_UNREADABLE' } } },
          { id: other.id, record: { body: '"other"' } },
        ])
        expect(await it.shared.setAside()).toEqual(['damaged'])
      },
    )
  })
}
