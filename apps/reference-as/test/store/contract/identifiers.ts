import { expect, test } from 'vitest'
import type { OpenedStore } from './opened-store.ts'

export function identifierContract(open: () => Promise<OpenedStore>): void {
  test('identifiers: one that a database cannot hold is not found', async () => {
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
}
