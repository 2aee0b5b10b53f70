import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { hashPassword, verifyPassword } from '../src/accounts/accounts.ts'
import { describeDatabase, openStore } from '../src/store/open.ts'
import { openSqliteStore } from '../src/store/sqlite.ts'
import { sweepBatchRows, sweepInBatches } from '../src/store/sweep.ts'
import { createBrowser } from './browser.ts'
import { databases, noteWithoutPostgres } from './databases.ts'
import { describeStoreContract, token } from './store-contract.ts'
import {
  authorizationRequest,
  answerOf,
  post,
  presentation,
  redeem,
  refresh,
  signInLasting,
  startServer,
  temporaryFolder,
} from './support.ts'

noteWithoutPostgres('the store contract')

describeStoreContract('SQLite in memory', async () => {
  const store = openSqliteStore(':memory:')
  return { store, [Symbol.asyncDispose]: async () => await store.close() }
})

for (const kind of databases) {
  describeStoreContract(
    `${kind.name} that is shared`,
    async () => {
      const database = await kind.open()
      const store = await openStore(database.location)
      return {
        store,
        async [Symbol.asyncDispose]() {
          await store.close()
          await database[Symbol.asyncDispose]()
        },
      }
    },
    kind.available,
  )
}

describe.each(databases.filter(({ available }) => available))('$name', (kind) => {
  test('two servers on it: one rotation, one set of keys', { tags: ['A-05'] }, async () => {
    await using database = await kind.open()
    await using one = await startServer({ databasePath: database.location })
    await using two = await startServer({ databasePath: database.location })
    const { client, refreshToken } = await signInLasting(one)
    const answers = await Promise.all(
      Array.from(
        { length: 8 },
        async (_, index) => await refresh(index % 2 === 0 ? one : two, client, refreshToken),
      ),
    )
    expect(new Set(answers.map((answer) => answer.refresh_token)).size).toBe(1)
    expect(one.stats().refreshTokens.rotated + two.stats().refreshTokens.rotated).toBe(1)
    expect(await database.liveRefreshTokens()).toBe(1)
    const keys = await Promise.all(
      [one, two].map(async ({ issuer }) => await (await fetch(`${issuer}/jwks`)).text()),
    )
    expect(keys[0]).toBe(keys[1])
  })

  test('servers that start at once make one set of keys', { tags: ['A-05'] }, async () => {
    await using database = await kind.open()
    const servers = await Promise.all(
      Array.from({ length: 4 }, async () => await startServer({ databasePath: database.location })),
    )
    const keys = await Promise.all(
      servers.map(async ({ issuer }) => await (await fetch(`${issuer}/jwks`)).text()),
    )
    expect(new Set(keys).size).toBe(1)
    const [first, ...others] = servers
    if (first === undefined) throw new Error('expected a server')
    const { client, refreshToken } = await signInLasting(first)
    for (const server of others) {
      // Each derives the same successor, which shows that they share the key for it.
      const [here, there] = await Promise.all(
        [first, server].map(async (one) => await refresh(one, client, refreshToken)),
      )
      expect(here?.refresh_token).toBe(there?.refresh_token)
    }
    await Promise.all(servers.map(async (server) => await server.close()))
  })

  test(
    'reuse at one server ends the sign-in at the other',
    { tags: ['A-05', 'A-11'] },
    async () => {
      await using database = await kind.open()
      await using one = await startServer({ databasePath: database.location })
      await using two = await startServer({ databasePath: database.location })
      const { client, refreshToken: first } = await signInLasting(one)
      const second = await refresh(two, client, first)
      const third = await refresh(one, client, second.refresh_token)
      expect(await presentation(two, client, first)).toBe('invalid_grant')
      expect(two.stats().refreshTokens.reuseDetected).toBe(1)
      for (const server of [one, two]) {
        expect(await presentation(server, client, third.refresh_token)).toBe('invalid_grant')
      }
      expect(await database.liveRefreshTokens()).toBe(0)
    },
  )

  test('no token, code, cookie or password can be read from it', { tags: ['A-05'] }, async () => {
    await using database = await kind.open()
    const logs: string[] = []
    const server = await startServer({
      databasePath: database.location,
      log: (entry) => logs.push(JSON.stringify(entry)),
    })
    const { client, refreshToken, tokens } = await signInLasting(server)
    const next = await refresh(server, client, refreshToken)
    const authorization = await authorizationRequest(server, client, {
      scope: 'openid',
      resource: undefined,
    })
    const answer = await answerOf(authorization)
    const opaque = await redeem(server, authorization, answer)
    const browser = createBrowser(server.issuer)
    await browser.visit((await authorizationRequest(server, client)).url)
    await presentation(server, client, 'a-token-that-nobody-issued')
    await server.close()

    const session = browser.cookies().filter((value) => value.length > 20)
    expect(session.length).toBeGreaterThan(0)
    const content = await database.content()
    expect(content).toContain(client.client_id)
    const canaries = [
      refreshToken,
      next.refresh_token,
      tokens.access_token,
      opaque.access_token,
      opaque.refresh_token ?? '',
      answer.searchParams.get('code') ?? '',
      authorization.verifier,
      'a-token-that-nobody-issued',
    ]
    expect(canaries.every((canary) => canary.length > 20)).toBe(true)
    for (const canary of [...canaries, ...session]) {
      expect(content.includes(canary)).toBe(false)
      expect(logs.join('').includes(canary)).toBe(false)
    }
  })

  test(
    'a database that refuses writes: the standard error, no stack, nothing lost',
    { tags: ['A-06'] },
    async () => {
      await using database = await kind.open()
      await using server = await startServer({ databasePath: database.location })
      const { client, refreshToken } = await signInLasting(server)
      await database.refuseWrites(true)
      const form = {
        grant_type: 'refresh_token',
        client_id: client.client_id,
        refresh_token: refreshToken,
      }
      const failed = await post(server, '/token', form)
      expect(failed.status).toBe(500)
      expect(Object.keys(failed.body)).toEqual(['error', 'error_description'])
      expect(failed.body['error']).toBe('server_error')
      expect(JSON.stringify(failed.body)).not.toContain('refused')
      expect(server.logs).toContainEqual(
        expect.objectContaining({ event: 'server_error', detail: 'writes are refused' }),
      )
      await database.refuseWrites(false)
      expect((await post(server, '/token', form)).status).toBe(200)
    },
  )

  test('healthz: a database that is not what it was', async () => {
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

async function health({ issuer }: { readonly issuer: string }): Promise<number> {
  return (await fetch(`${issuer}/healthz`)).status
}

describe('healthz on SQLite', () => {
  /** A server that was restarted, so that its database is a file without a log. */
  async function restarted(file: string) {
    const first = await startServer({ databasePath: file })
    await signInLasting(first)
    await first.close()
    return await startServer({ databasePath: file })
  }

  test('a file that is damaged', { tags: ['A-06'] }, async () => {
    using folder = temporaryFolder()
    const file = folder.file('as.db')
    await using server = await restarted(file)
    expect(await health(server)).toBe(200)
    const intact = readFileSync(file)
    // In place, as a disk does it: the file that the server has open is the same.
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

  // Windows lets nobody move a file that is open, and keeps access lists in place of modes.
  const onWindows = process.platform === 'win32'
  test.skipIf(onWindows)('a file that is gone, and none is made in its place', async () => {
    using folder = temporaryFolder()
    const file = folder.file('as.db')
    await using server = await restarted(file)
    renameSync(file, folder.file('away.db'))
    expect(await health(server)).toBe(503)
    expect(existsSync(file)).toBe(false)
    renameSync(folder.file('away.db'), file)
    expect(await health(server)).toBe(200)
  })

  test.skipIf(onWindows)('a file that was made read-only', async () => {
    using folder = temporaryFolder()
    const file = folder.file('as.db')
    await using server = await restarted(file)
    chmodSync(file, 0o444)
    expect(await health(server)).toBe(503)
    chmodSync(file, 0o600)
    expect(await health(server)).toBe(200)
  })

  test('another process that is writing', { tags: ['A-06'] }, async () => {
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

test('a refresh does not wait for the end of a sweep on SQLite', { tags: ['A-06'] }, async () => {
  const store = openSqliteStore(':memory:')
  const { artifacts, refreshTokens } = store
  for (const index of Array.from({ length: 2001 }).keys()) {
    await artifacts.put('Session', `${index}`, { payload: {}, expiresAtEpochSeconds: 999 })
  }
  await refreshTokens.insert(token('a', 'family'))
  let rows: number | undefined
  const sweeping = store.sweep(1000).then((swept) => (rows = swept))
  expect(await refreshTokens.supersede('a', token('b', 'family'), 1500)).toBe('superseded')
  expect(rows).toBeUndefined()
  expect(await sweeping).toBe(2001)
  await store.close()
})

test(
  'a sweep ends with its store, and leaves a flood to the next',
  { tags: ['A-07'] },
  async () => {
    const store = openSqliteStore(':memory:')
    for (const index of Array.from({ length: 1001 }).keys()) {
      await store.artifacts.put('Session', `${index}`, { payload: {}, expiresAtEpochSeconds: 999 })
    }
    const sweeping = store.sweep(1000)
    await store.close()
    expect(await sweeping).toBe(1000)

    let batches = 0
    const endless = () => {
      batches += 1
      return sweepBatchRows
    }
    expect(await sweepInBatches(endless, () => true)).toBe(100_000)
    expect(batches).toBe(100)
  },
)

// Windows keeps access lists in place of modes.
describe.skipIf(process.platform === 'win32')('the file', () => {
  const rights = (file: string) => (statSync(file).mode % 0o1000).toString(8)

  test('belongs to its owner alone, with its logs', async () => {
    using folder = temporaryFolder()
    const file = folder.file('as.db')
    const store = openSqliteStore(file)
    await store.secrets.getOrCreate('key', async () => 'secret')
    for (const suffix of ['', '-wal', '-shm']) expect(rights(file + suffix)).toBe('600')
    await store.close()
  })

  test('loses the rights of others, and its logs do, and gains none', async () => {
    using folder = temporaryFolder()
    const file = folder.file('as.db')
    // As a process leaves it that was killed.
    const earlier = openSqliteStore(file)
    for (const suffix of ['', '-wal', '-shm']) chmodSync(file + suffix, 0o744)
    const store = openSqliteStore(file)
    for (const suffix of ['', '-wal', '-shm']) expect(rights(file + suffix)).toBe('700')
    await store.close()
    await earlier.close()
  })

  test('is found behind a link, with its logs', async () => {
    using folder = temporaryFolder()
    const file = folder.file('as.db')
    symlinkSync(file, folder.file('link.db'))
    const store = openSqliteStore(folder.file('link.db'))
    for (const suffix of ['', '-wal', '-shm']) expect(rights(file + suffix)).toBe('600')
    await store.close()
  })

  test('that is read-only stays so, and says what to do', { tags: ['A-06'] }, async () => {
    using folder = temporaryFolder()
    const file = folder.file('as.db')
    const earlier = openSqliteStore(file)
    await earlier.refreshTokens.insert(token('a', 'family'))
    await earlier.close()
    chmodSync(file, 0o444)
    const before = readFileSync(file)
    const starting = startServer({ databasePath: file })
    await expect(starting).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect(starting).rejects.toThrow('it is read-only (mode 444) and was left as it is')
    expect(rights(file)).toBe('444')
    expect(readFileSync(file).equals(before)).toBe(true)
    chmodSync(file, 0o644)
    const store = openSqliteStore(file)
    expect(await store.refreshTokens.find('a')).toEqual(token('a', 'family'))
    expect(rights(file)).toBe('600')
    await store.close()
  })

  test('that is no database keeps its rights', () => {
    using folder = temporaryFolder()
    const file = folder.file('notes.txt')
    writeFileSync(file, 'not a database, but longer than a header of one would be, '.repeat(9))
    chmodSync(file, 0o644)
    expect(() => openSqliteStore(file)).toThrow('not a database')
    expect(rights(file)).toBe('644')
  })
})

describe('a database that cannot be used', () => {
  test.each([
    ['a folder that is not there', (file: string) => path.join(file, 'missing', 'as.db')],
    ['a folder', (file: string) => path.dirname(file)],
  ])('%s', async (_, location) => {
    using folder = temporaryFolder()
    await expect(
      startServer({ databasePath: location(folder.file('as.db')) }),
    ).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  test('another file, or one of a later version', async () => {
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

describe.each([
  ['a server that is not there', 'postgres://as:hidden@127.0.0.1:1/as', 'ECONNREFUSED'],
  ['a port that is none', 'postgres://as:hidden@127.0.0.1:port/as', 'Invalid URL'],
])('Postgres: %s', (_, location, why) => {
  test('is refused, and the message keeps the password to itself', async () => {
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

    test('tables of a later version are left alone', async () => {
      await using database = await postgres()
      await (await openStore(database.location)).close()
      await database.execute('UPDATE evergrant_as_layout SET version = 99')
      await expect(openStore(database.location)).rejects.toThrow('version 99')
    })

    test('connections that break are replaced', { tags: ['A-06'] }, async () => {
      await using database = await postgres()
      await using server = await startServer({ databasePath: database.location })
      const { client, refreshToken } = await signInLasting(server)
      await database.cutOff()
      // The standard's error until the pool has noticed, never the end of the process.
      await expect.poll(async () => await presentation(server, client, refreshToken)).toBe('ok')
      expect(await health(server)).toBe(200)
    })

    test('healthz: a database that takes no writes', { tags: ['A-06'] }, async () => {
      await using database = await postgres()
      // One of its own, since the setting is for all who use a database.
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
        // Connections that were cut off are no healthier until the pool has noticed.
        await expect
          .poll(
            async () => {
              expect(await health(server)).toBe(503)
              return server.logs.at(-1)
            },
            { timeout: 10_000 },
          )
          .toMatchObject({ event: 'store.unavailable', detail: 'the database takes no writes' })
        await database.execute(`ALTER DATABASE ${name} RESET default_transaction_read_only`)
        await database.cutOff()
        await expect.poll(async () => await health(server), { timeout: 10_000 }).toBe(200)
      } finally {
        await database.execute(`DROP DATABASE ${name} WITH (FORCE)`)
      }
    })

    test('a table that is gone for a while: no token is called invalid', async () => {
      await using database = await postgres()
      await using server = await startServer({ databasePath: database.location })
      const { client, refreshToken } = await signInLasting(server)
      await database.execute('ALTER TABLE {refresh_tokens} RENAME TO away')
      expect(await presentation(server, client, refreshToken)).toBe('server_error')
      await database.execute('ALTER TABLE away RENAME TO {refresh_tokens}')
      expect(await presentation(server, client, refreshToken)).toBe('ok')
    })
  },
)

test('passwords: every hash differs, unknown forms never match', async () => {
  const [one, two] = await Promise.all([
    hashPassword('correct horse'),
    hashPassword('correct horse'),
  ])
  expect(one).not.toBe(two)
  expect(await verifyPassword('correct horse', one)).toBe(true)
  for (const hash of ['', 'plain', 'scrypt$1$1$1$$', one.replace('scrypt', 'argon2')]) {
    expect(await verifyPassword('correct horse', hash)).toBe(false)
  }
})
