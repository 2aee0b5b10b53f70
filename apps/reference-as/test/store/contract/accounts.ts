import { expect, test } from 'vitest'
import { addAccount, authenticate } from '../../../src/accounts/accounts.ts'
import type { OpenedStore } from './opened-store.ts'

export function accountContract(open: () => Promise<OpenedStore>): void {
  test('secrets: are created once, and replaced by compare-and-set', async () => {
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

  test('accounts: names are unique and case-insensitive', async () => {
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
}
