import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { startServer, temporaryFolder } from '../support.ts'
import { token } from './contract/opened-store.ts'

// On Windows, there are access lists instead of modes.
describe.skipIf(process.platform === 'win32')('the file', () => {
  const permissions = (file: string) => (statSync(file).mode % 0o1000).toString(8)

  test('SQLite file: it and its logs are only for the owner', async () => {
    using folder = temporaryFolder()
    const file = folder.file('as.db')
    const store = openSqliteStore(file)
    await store.secrets.getOrCreate('key', async () => 'secret')
    for (const suffix of ['', '-wal', '-shm']) expect(permissions(file + suffix)).toBe('600')
    await store.close()
  })

  test('SQLite file: it and its logs lose the permissions of others and gain none', async () => {
    using folder = temporaryFolder()
    const file = folder.file('as.db')
    // As left by a killed process.
    const earlier = openSqliteStore(file)
    for (const suffix of ['', '-wal', '-shm']) chmodSync(file + suffix, 0o744)
    const store = openSqliteStore(file)
    for (const suffix of ['', '-wal', '-shm']) expect(permissions(file + suffix)).toBe('700')
    await store.close()
    await earlier.close()
  })

  test('SQLite file: permissions are set behind a symbolic link', async () => {
    using folder = temporaryFolder()
    const file = folder.file('as.db')
    symlinkSync(file, folder.file('link.db'))
    const store = openSqliteStore(folder.file('link.db'))
    for (const suffix of ['', '-wal', '-shm']) expect(permissions(file + suffix)).toBe('600')
    await store.close()
  })

  test(
    'SQLite file: a read-only file is not changed, and the error says what to do',
    { tags: ['A-06'] },
    async () => {
      using folder = temporaryFolder()
      const file = folder.file('as.db')
      const earlier = openSqliteStore(file)
      await earlier.refreshTokens.insert(token('a', 'family'))
      await earlier.close()
      chmodSync(file, 0o444)
      const before = readFileSync(file)
      const starting = startServer({ databasePath: file })
      await expect(starting).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      await expect(starting).rejects.toThrow('it is read-only (mode 444) and was not changed')
      expect(permissions(file)).toBe('444')
      expect(readFileSync(file).equals(before)).toBe(true)
      chmodSync(file, 0o644)
      const store = openSqliteStore(file)
      expect(await store.refreshTokens.find('a')).toEqual(token('a', 'family'))
      expect(permissions(file)).toBe('600')
      await store.close()
    },
  )

  test('SQLite file: another file keeps its permissions', () => {
    using folder = temporaryFolder()
    const file = folder.file('notes.txt')
    writeFileSync(file, 'not a database, but longer than a header of one would be, '.repeat(9))
    chmodSync(file, 0o644)
    expect(() => openSqliteStore(file)).toThrow('not a database')
    expect(permissions(file)).toBe('644')
  })
})

describe('a database that cannot be used', () => {
  test.each([
    ['a file in a missing folder', (file: string) => path.join(file, 'missing', 'as.db')],
    ['a folder', (file: string) => path.dirname(file)],
  ])('SQLite file: refuses %s', async (_, location) => {
    using folder = temporaryFolder()
    await expect(
      startServer({ databasePath: location(folder.file('as.db')) }),
    ).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  test('SQLite file: refuses another file, and a database of a later version', async () => {
    using folder = temporaryFolder()
    const later = new DatabaseSync(folder.file('later.db'))
    later.exec('PRAGMA user_version = 99')
    later.close()
    expect(() => openSqliteStore(folder.file('later.db'))).toThrow('version 99')
    expect(() => openSqliteStore(new URL(import.meta.url).pathname)).toThrow(
      expect.objectContaining({ code: 'STORE_UNAVAILABLE' }),
    )
  })
})
