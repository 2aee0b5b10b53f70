import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { databases } from '../databases.ts'
import { signInWithRefreshToken, startServer, temporaryFolder } from '../support.ts'

async function health({ issuer }: { readonly issuer: string }): Promise<number> {
  return (await fetch(`${issuer}/healthz`)).status
}

describe.each(databases.filter(({ available }) => available))('healthz on $name', (kind) => {
  test('healthz: fails while a table is missing', async () => {
    await using database = await kind.open()
    await using server = await startServer({ databasePath: database.location })
    expect(await health(server)).toBe(200)
    const table = kind.name === 'SQLite' ? '{secrets}' : '{layout}'
    await database.execute(`ALTER TABLE ${table} RENAME TO away`)
    expect(await health(server)).toBe(503)
    await database.execute(`ALTER TABLE away RENAME TO ${table}`)
    expect(await health(server)).toBe(200)
  })
})

describe('healthz on SQLite', () => {
  /** A restarted server, so that its database is a file without a log. */
  async function restarted(file: string) {
    const first = await startServer({ databasePath: file })
    await signInWithRefreshToken(first)
    await first.close()
    return await startServer({ databasePath: file })
  }

  test('healthz: fails for a damaged file', { tags: ['A-06'] }, async () => {
    using folder = temporaryFolder()
    const file = folder.file('as.db')
    await using server = await restarted(file)
    expect(await health(server)).toBe(200)
    const intact = readFileSync(file)
    // In place, as a disk failure: the server keeps the same file open.
    const overwrite = (bytes: Uint8Array) => {
      const descriptor = openSync(file, 'r+')
      writeSync(descriptor, bytes, 0, bytes.length, 0)
      closeSync(descriptor)
    }
    overwrite(Buffer.alloc(intact.length, 'x'))
    expect(await health(server)).toBe(503)
    expect(server.logs).toContainEqual(
      expect.objectContaining({
        event: 'store.unavailable',
        detail: expect.stringMatching(/malformed|not a database/),
      }),
    )
    overwrite(intact)
    expect(await health(server)).toBe(200)
  })

  // On Windows, an open file cannot be moved, and there are access lists instead of modes.
  const onWindows = process.platform === 'win32'
  test.skipIf(onWindows)('healthz: fails for a missing file, and creates none', async () => {
    using folder = temporaryFolder()
    const file = folder.file('as.db')
    await using server = await restarted(file)
    renameSync(file, folder.file('away.db'))
    expect(await health(server)).toBe(503)
    expect(existsSync(file)).toBe(false)
    renameSync(folder.file('away.db'), file)
    expect(await health(server)).toBe(200)
  })

  test.skipIf(onWindows)('healthz: fails for a read-only file', async () => {
    using folder = temporaryFolder()
    const file = folder.file('as.db')
    await using server = await restarted(file)
    chmodSync(file, 0o444)
    expect(await health(server)).toBe(503)
    chmodSync(file, 0o600)
    expect(await health(server)).toBe(200)
  })

  test('healthz: succeeds while another process is writing', { tags: ['A-06'] }, async () => {
    using folder = temporaryFolder()
    const file = folder.file('as.db')
    await using server = await restarted(file)
    const writing = new DatabaseSync(file)
    writing.exec('BEGIN IMMEDIATE')
    expect(await health(server)).toBe(200)
    writing.exec('ROLLBACK')
    writing.close()
  })
})

const postgres = databases.find(({ name }) => name === 'Postgres')

describe.runIf(postgres?.available)('healthz on Postgres', () => {
  test('healthz: fails while Postgres is read-only', { tags: ['A-06'] }, async () => {
    if (postgres === undefined) throw new Error('expected Postgres')
    await using database = await postgres.open()
    // A separate database, because the setting affects all its users.
    const name = `evergrant_test_${randomBytes(6).toString('hex')}`
    await database.execute(`CREATE DATABASE ${name}`)
    const location = new URL(database.location)
    location.pathname = `/${name}`
    location.searchParams.delete('options')
    try {
      await using server = await startServer({ databasePath: location.href })
      expect(await health(server)).toBe(200)
      await database.execute(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
      await database.cutOff()
      // Broken connections also fail until the pool has replaced them.
      await expect
        .poll(
          async () => {
            expect(await health(server)).toBe(503)
            return server.logs.at(-1)
          },
          { timeout: 10_000 },
        )
        .toMatchObject({ event: 'store.unavailable', detail: 'the database is read-only' })
      await database.execute(`ALTER DATABASE ${name} RESET default_transaction_read_only`)
      await database.cutOff()
      await expect.poll(async () => await health(server), { timeout: 10_000 }).toBe(200)
    } finally {
      await database.execute(`DROP DATABASE ${name} WITH (FORCE)`)
    }
  })
})
