import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { addAccount, authenticate, hashPassword, verifyPassword } from '../src/accounts.ts'
import { openSqliteStore } from '../src/store/sqlite.ts'
import { createBrowser } from './browser.ts'
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

function token(id: string, familyId: string) {
  return {
    id,
    familyId,
    issuedAtEpochSeconds: 1000,
    expiresAtEpochSeconds: 2000,
    familyExpiresAtEpochSeconds: 3000,
    data: { accountId: 'alice', clientId: 'client', scope: 'mcp:read' },
  }
}

describe.each(['in memory', 'in a file'])('SQLite %s', (kind) => {
  function open() {
    const folder = temporaryFolder()
    const store = openSqliteStore(kind === 'in memory' ? ':memory:' : folder.file('as.db'))
    return {
      store,
      async [Symbol.asyncDispose]() {
        await store.close()
        folder[Symbol.dispose]()
      },
    }
  }

  test('of many who consume one artifact, one wins', { tags: ['A-05'] }, async () => {
    await using opened = open()
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
      consumedAtEpochSeconds: 0,
    })
  })

  test('of many who supersede one token, one wins', { tags: ['A-05', 'A-06'] }, async () => {
    await using opened = open()
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
    expect(await refreshTokens.find('b')).toMatchObject(token('b', 'family'))
  })

  test(
    'a successor is stored with its predecessor marked, or not at all',
    { tags: ['A-06'] },
    async () => {
      await using opened = open()
      const { refreshTokens } = opened.store
      await refreshTokens.insert(token('a', 'family'))
      await refreshTokens.insert(token('b', 'other'))
      // The successor's id is taken: the insert fails, and the mark must go with it.
      await expect(refreshTokens.supersede('a', token('b', 'family'), 1500)).rejects.toThrow(
        'UNIQUE',
      )
      expect((await refreshTokens.find('a'))?.supersededAtEpochSeconds).toBeUndefined()
    },
  )

  test('nothing comes back after its family was revoked', { tags: ['A-05', 'A-11'] }, async () => {
    await using opened = open()
    const { refreshTokens } = opened.store
    await refreshTokens.insert(token('a', 'family'))
    await refreshTokens.insert(token('x', 'other'))
    await refreshTokens.revokeFamily('family')
    expect(await refreshTokens.supersede('a', token('b', 'family'), 1500)).toBe('missing')
    expect(await refreshTokens.find('b')).toBeUndefined()
    expect(await refreshTokens.find('x')).toBeDefined()
  })

  test('artifacts end with their grant, model by model', { tags: ['A-11'] }, async () => {
    await using opened = open()
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
    await using opened = open()
    const { artifacts, refreshTokens } = opened.store
    await artifacts.put('Session', 'old', { payload: {}, expiresAtEpochSeconds: 999 })
    await artifacts.put('Session', 'new', { payload: {}, expiresAtEpochSeconds: 1001 })
    await artifacts.put('Client', 'kept', { payload: {} })
    await refreshTokens.insert({ ...token('old', 'family'), expiresAtEpochSeconds: 999 })
    await refreshTokens.insert({ ...token('new', 'family'), expiresAtEpochSeconds: 1001 })
    expect(await opened.store.sweep(1000)).toBe(2)
    expect(await artifacts.find('Session', 'new')).toBeDefined()
    expect(await artifacts.find('Client', 'kept')).toBeDefined()
    expect(await refreshTokens.find('new')).toBeDefined()
    expect(await refreshTokens.find('old')).toBeUndefined()
  })

  test('a secret is made once', async () => {
    await using opened = open()
    const { secrets } = opened.store
    let made = 0
    const values = await Promise.all(
      Array.from(
        { length: 5 },
        async () =>
          await secrets.getOrCreate('key', async () => {
            made += 1
            return `secret ${made}`
          }),
      ),
    )
    expect(new Set(values).size).toBe(1)
  })

  test('accounts: names once, whatever their case', async () => {
    await using opened = open()
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
  })

  test('lasting grants: the live ones of one account', { tags: ['A-10'] }, async () => {
    await using opened = open()
    const { refreshTokens } = opened.store
    await refreshTokens.insert(token('a', 'family'))
    await refreshTokens.supersede('a', token('b', 'family'), 1500)
    await refreshTokens.insert({ ...token('x', 'other'), expiresAtEpochSeconds: 1100 })
    expect(await opened.store.listLastingGrants('alice', 1200)).toEqual([
      {
        grantId: 'family',
        clientId: 'client',
        scope: 'mcp:read',
        resource: undefined,
        lastUsedAtEpochSeconds: 1000,
        expiresAtEpochSeconds: 2000,
      },
    ])
    expect(await opened.store.listLastingGrants('bob', 1200)).toEqual([])
  })
})

test('two processes on one file: one rotation, one set of keys', { tags: ['A-05'] }, async () => {
  using folder = temporaryFolder()
  const databasePath = folder.file('as.db')
  await using one = await startServer({ databasePath })
  await using two = await startServer({ databasePath })
  const { client, refreshToken } = await signInLasting(one)
  const answers = await Promise.all(
    Array.from(
      { length: 8 },
      async (_, index) => await refresh(index % 2 === 0 ? one : two, client, refreshToken),
    ),
  )
  expect(new Set(answers.map((answer) => answer.refresh_token)).size).toBe(1)
  expect(one.stats().refreshTokens.rotated + two.stats().refreshTokens.rotated).toBe(1)
  const keys = await Promise.all(
    [one, two].map(async ({ issuer }) => await (await fetch(`${issuer}/jwks`)).text()),
  )
  expect(keys[0]).toBe(keys[1])
})

test(
  'no token, code, cookie or password can be read from the file',
  { tags: ['A-05'] },
  async () => {
    using folder = temporaryFolder()
    const databasePath = folder.file('as.db')
    const logs: string[] = []
    const server = await startServer({
      databasePath,
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
    const content = readdirSync(path.dirname(databasePath))
      .map((name) => readFileSync(folder.file(name), 'latin1'))
      .join('')
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
  },
)

test.skipIf(process.platform === 'win32')('the file belongs to its owner alone', () => {
  using folder = temporaryFolder()
  const file = folder.file('as.db')
  const store = openSqliteStore(file)
  // oxlint-disable-next-line no-bitwise
  expect(statSync(file).mode & 0o777).toBe(0o600)
  return store.close()
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

  test(
    'that turns unusable: the standard error, no stack, nothing lost',
    { tags: ['A-06'] },
    async () => {
      using folder = temporaryFolder()
      const databasePath = folder.file('as.db')
      await using server = await startServer({ databasePath })
      const { client, refreshToken } = await signInLasting(server)
      const other = new DatabaseSync(databasePath)
      // What a read-only volume does: every write is refused, reads go on.
      other.exec(`CREATE TRIGGER readonly BEFORE UPDATE ON refresh_tokens
        BEGIN SELECT RAISE(ABORT, 'attempt to write a readonly database'); END`)
      const form = {
        grant_type: 'refresh_token',
        client_id: client.client_id,
        refresh_token: refreshToken,
      }
      const failed = await post(server, '/token', form)
      expect(failed.status).toBe(500)
      expect(Object.keys(failed.body)).toEqual(['error', 'error_description'])
      expect(failed.body['error']).toBe('server_error')
      expect(server.logs).toContainEqual(
        expect.objectContaining({
          event: 'server_error',
          detail: 'attempt to write a readonly database',
        }),
      )
      other.exec('DROP TRIGGER readonly')
      other.close()
      expect((await post(server, '/token', form)).status).toBe(200)
    },
  )
})

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
