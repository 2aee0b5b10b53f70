import { describe, expect, test } from 'vitest'
import { describeDatabase, openStore } from '../../src/store/open.ts'
import { databases } from '../databases.ts'
import { presentation, signInWithRefreshToken, startServer } from '../support.ts'

describe.each([
  ['a missing server', 'postgres://as:hidden@127.0.0.1:1/as', 'ECONNREFUSED'],
  ['an invalid port', 'postgres://as:hidden@127.0.0.1:port/as', 'Invalid URL'],
])('Postgres: %s', (_, location, why) => {
  test('Postgres: a connection failure is reported without the password', async () => {
    const opening = openStore(location)
    await expect(opening).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect(opening).rejects.toThrow(why)
    await expect(opening).rejects.not.toThrow('hidden')
    expect(describeDatabase(location)).not.toContain('hidden')
  })
})

describe.runIf(databases.some(({ name, available }) => name === 'Postgres' && available))(
  'Postgres',
  () => {
    const postgres = async () => {
      const kind = databases.find(({ name }) => name === 'Postgres')
      if (kind === undefined) throw new Error('expected Postgres')
      return await kind.open()
    }

    test('Postgres: refuses tables of a later version', async () => {
      await using database = await postgres()
      await (await openStore(database.location)).close()
      await database.execute('UPDATE evergrant_as_layout SET version = 99')
      await expect(openStore(database.location)).rejects.toThrow('version 99')
    })

    test('Postgres: broken connections are replaced', { tags: ['A-06'] }, async () => {
      await using database = await postgres()
      await using server = await startServer({ databasePath: database.location })
      const { client, refreshToken } = await signInWithRefreshToken(server)
      await database.cutOff()
      // server_error until the pool has noticed. The process must not end.
      await expect.poll(async () => await presentation(server, client, refreshToken)).toBe('ok')
      expect((await fetch(`${server.issuer}/healthz`)).status).toBe(200)
    })

    test('Postgres: while a table is missing, no token is called invalid', async () => {
      await using database = await postgres()
      await using server = await startServer({ databasePath: database.location })
      const { client, refreshToken } = await signInWithRefreshToken(server)
      await database.execute('ALTER TABLE {refresh_tokens} RENAME TO away')
      expect(await presentation(server, client, refreshToken)).toBe('server_error')
      await database.execute('ALTER TABLE away RENAME TO {refresh_tokens}')
      expect(await presentation(server, client, refreshToken)).toBe('ok')
    })
  },
)
