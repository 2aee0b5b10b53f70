import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { runCli } from '../../src/commands/cli.ts'
import {
  loadSigningKeys,
  rotateSigningKeys,
  signingKeyRetentionSeconds,
  signingKeysAt,
  signingKeyState,
} from '../../src/keys/signing-keys.ts'
import { openStore } from '../../src/store/open.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { databases, noteWithoutPostgres } from '../databases.ts'
import {
  refresh,
  resource,
  signInWithRefreshToken,
  startServer,
  temporaryFolder,
} from '../support.ts'

function memorySecrets() {
  const store = openSqliteStore(':memory:')
  return {
    secrets: store.secrets,
    [Symbol.asyncDispose]: async () => await store.close(),
  }
}

const kid = (token: string) => decodeProtectedHeader(token).kid

describe('generations of keys', () => {
  const rotation = { nowEpochSeconds: 1000, signAfterSeconds: 60, keepSeconds: 600 }

  test('signing keys: new keys are published before they sign, old keys stay published until they expire', async () => {
    await using opened = memorySecrets()
    const [old] = await loadSigningKeys(opened.secrets)
    const generations = await rotateSigningKeys(opened.secrets, rotation)
    const added = generations.at(-1)
    if (old === undefined || added === undefined) throw new Error('expected two generations')
    const at = (now: number) =>
      generations.map((generation) => signingKeyState(generations, generation, now))
    expect(at(1000)).toEqual(['signs', 'published'])
    expect(at(1059)).toEqual(['signs', 'published'])
    expect(at(1060)).toEqual(['published', 'signs'])
    expect(at(1659)).toEqual(['published', 'signs'])
    expect(at(1660)).toEqual(['expired', 'signs'])
    expect(signingKeysAt(generations, 1000).keys).toEqual([...old.keys, ...added.keys])
    expect(signingKeysAt(generations, 1060).keys).toEqual([...added.keys, ...old.keys])
    expect(signingKeysAt(generations, 1660).keys).toEqual(added.keys)
    expect(await loadSigningKeys(opened.secrets)).toEqual(generations)
  })

  test('signing keys: a rotation removes expired keys from the store', async () => {
    await using opened = memorySecrets()
    await rotateSigningKeys(opened.secrets, rotation)
    expect(
      await rotateSigningKeys(opened.secrets, { ...rotation, nowEpochSeconds: 1659 }),
    ).toHaveLength(3)
    expect(
      await rotateSigningKeys(opened.secrets, { ...rotation, nowEpochSeconds: 1660 }),
    ).toHaveLength(3)
  })

  test('signing keys: concurrent rotations each add their keys', async () => {
    await using opened = memorySecrets()
    await Promise.all([1, 2, 3].map(async () => await rotateSigningKeys(opened.secrets, rotation)))
    const generations = await loadSigningKeys(opened.secrets)
    expect(generations).toHaveLength(4)
    expect(new Set(generations.flatMap(({ keys }) => keys.map((key) => key.kid))).size).toBe(8)
  })

  test('signing keys: stay published as long as the longest token they signed', () => {
    expect(signingKeyRetentionSeconds(300)).toBe(3720)
    expect(signingKeyRetentionSeconds(86_400)).toBe(86_520)
  })
})

noteWithoutPostgres('rotation of signing keys under running servers')

test.each(databases.filter(({ available }) => available))(
  'signing keys: two servers on $name use new keys, and tokens of the old keys stay valid',
  { tags: ['A-08'] },
  async (kind) => {
    await using database = await kind.open()
    const options = { databasePath: database.location, signingKeyCheckSeconds: 1 }
    await using one = await startServer(options)
    await using two = await startServer(options)
    const { client, tokens, refreshToken } = await signInWithRefreshToken(one)

    let stdout = ''
    const code = await runCli(['keys', 'rotate', '--db', database.location, '--sign-after', '0'], {
      stdout: (text) => (stdout += text),
      stderr: () => {},
      readPassword: async () => '',
      environment: {},
      stopped: async () => {},
    })
    expect(code).toBe(0)
    expect(stdout.trim().split('\n')).toHaveLength(4)

    let held = refreshToken
    for (const server of [one, two]) {
      await expect
        .poll(
          async () => {
            const next = await refresh(server, client, held)
            held = next.refresh_token
            return kid(next.access_token) === kid(tokens.access_token)
          },
          { timeout: 10_000 },
        )
        .toBe(false)
      const published = createRemoteJWKSet(new URL('/jwks', server.issuer))
      const { access_token: fresh } = await refresh(server, client, held)
      for (const token of [tokens.access_token, fresh]) {
        await expect(jwtVerify(token, published, { audience: resource })).resolves.toBeDefined()
      }
      expect(server.logs).toContainEqual(
        expect.objectContaining({
          event: 'signing_keys.changed',
          signing: kid(fresh),
          published: 4,
        }),
      )
    }
  },
)

test('keys list: prints the state of each key', async () => {
  using folder = temporaryFolder()
  const store = await openStore(folder.file('as.db'))
  await rotateSigningKeys(store.secrets, {
    nowEpochSeconds: Math.floor(Date.now() / 1000),
    signAfterSeconds: 600,
    keepSeconds: 600,
  })
  await store.close()
  let stdout = ''
  await runCli(['keys', 'list', '--db', folder.file('as.db')], {
    stdout: (text) => (stdout += text),
    stderr: () => {},
    readPassword: async () => '',
    environment: {},
    stopped: async () => {},
  })
  const states = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('  ').slice(1, 4).join(' '))
  expect(states).toEqual([
    expect.stringMatching(/^ES256 signs until /),
    expect.stringMatching(/^RS256 signs until /),
    expect.stringMatching(/^ES256 published signs from /),
    expect.stringMatching(/^RS256 published signs from /),
  ])
})
