import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { EvergrantClientError } from '@evergrant/client'
import type { StoreKey } from '@evergrant/client/stores/file'
import { expect, test } from 'vitest'
import { openHome } from '../src/home/home.ts'
import { openStoreKey } from '../src/home/store-key.ts'
import type { OpenedKey } from '../src/home/store-key.ts'
import { runInProcess, temporaryFolder } from './support.ts'

type Env = Readonly<Record<string, string>>

/** A home with a fake keychain. */
async function keyring(): Promise<
  AsyncDisposable & {
    readonly folder: string
    readonly notices: string[]
    lock(): void
    open(env?: Env): Promise<OpenedKey>
  }
> {
  const folder = await temporaryFolder()
  const home = await openHome({ EVERGRANT_HOME: folder.path })
  const key: StoreKey = { key: Uint8Array.from(randomBytes(32)), source: 'the test keychain' }
  const notices: string[] = []
  let locked = false
  return {
    folder: folder.path,
    notices,
    lock: () => void (locked = true),
    open: (env = {}) =>
      openStoreKey(home, env, {
        notice: (text) => notices.push(text),
        async keychain() {
          if (!locked) return key
          throw new EvergrantClientError(
            'TOKEN_STORE_UNAVAILABLE',
            'No usable OS keychain: locked.',
          )
        },
      }),
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  }
}

test(
  'store key: uses the keychain if there is one, and keeps using it',
  { tags: ['C-06'] },
  async () => {
    await using ring = await keyring()
    const first = await ring.open()
    expect([first.kind, ring.notices]).toEqual(['keychain', []])
    expect((await ring.open()).key).toEqual(first.key)
    ring.lock()
    await expect(ring.open()).rejects.toMatchObject({
      code: 'STORE_KEY_UNAVAILABLE',
      message: expect.stringContaining('No other key can decrypt it'),
    })
    await expect(ring.open({ EVERGRANT_KEY: 'key-file' })).rejects.toMatchObject({ code: 'USAGE' })
  },
)

test('store key: uses a key file without a keychain, says so once, and keeps using it', async () => {
  await using ring = await keyring()
  ring.lock()
  const first = await ring.open({ EVERGRANT_KEY: 'auto' })
  expect(first.kind).toBe('key-file')
  expect(ring.notices).toEqual([expect.stringContaining(path.join(ring.folder, 'store.key'))])
  expect((await ring.open()).key).toEqual(first.key)
  expect(ring.notices).toHaveLength(1)
})

test('store key: never replaces a lost key, and detects a different one', async () => {
  await using ring = await keyring()
  const keyFile = path.join(ring.folder, 'store.key')
  await ring.open({ EVERGRANT_KEY: 'key-file' })
  await writeFile(keyFile, randomBytes(32).toString('base64'))
  await expect(ring.open()).rejects.toMatchObject({
    code: 'STORE_KEY_UNAVAILABLE',
    message: expect.stringContaining('differs from the key'),
  })
  await rm(keyFile)
  await expect(ring.open()).rejects.toMatchObject({
    code: 'STORE_KEY_UNAVAILABLE',
    message: expect.stringContaining('Restore it'),
  })
  await expect(stat(keyFile)).rejects.toMatchObject({ code: 'ENOENT' })
})

test(
  'store key: derives the key from a passphrase, and detects a wrong one',
  { tags: ['C-06'] },
  async () => {
    await using ring = await keyring()
    const right = { EVERGRANT_KEY: 'passphrase', EVERGRANT_PASSPHRASE: 'correct horse' }
    await expect(ring.open({ EVERGRANT_KEY: 'passphrase' })).rejects.toMatchObject({
      code: 'STORE_KEY_UNAVAILABLE',
    })
    const first = await ring.open(right)
    expect((await ring.open({ ...right, EVERGRANT_KEY: 'auto' })).key).toEqual(first.key)
    const wrong = ring.open({ ...right, EVERGRANT_PASSPHRASE: 'battery staple' })
    await expect(wrong).rejects.toMatchObject({
      code: 'STORE_KEY_UNAVAILABLE',
      message: expect.not.stringMatching(/battery|horse/),
    })
    const record = await readFile(path.join(ring.folder, 'key.json'), 'utf8')
    expect(JSON.parse(record)).toMatchObject({ kind: 'passphrase', salt: expect.any(String) })
    expect(record).not.toContain(Buffer.from(first.key).toString('base64').slice(0, 20))
  },
)

test('store key: several processes that start concurrently make one choice', async () => {
  await using ring = await keyring()
  const opened = await Promise.all(
    Array.from({ length: 8 }, () => ring.open({ EVERGRANT_KEY: 'key-file' })),
  )
  expect(new Set(opened.map(({ key }) => Buffer.from(key).toString('hex'))).size).toBe(1)
})

test.each([['{"half'], ['[]'], ['{"version":2,"kind":"key-file","fingerprint":"x"}']])(
  'store key: refuses an unreadable key record: %s',
  async (text) => {
    await using ring = await keyring()
    await writeFile(path.join(ring.folder, 'key.json'), text)
    await expect(ring.open()).rejects.toMatchObject({ code: 'STORE_KEY_UNAVAILABLE' })
  },
)

test('store key: refuses an unknown value of EVERGRANT_KEY', async () => {
  await using folder = await temporaryFolder()
  const env = { EVERGRANT_HOME: folder.path, EVERGRANT_KEY: 'plain' }
  const { code, err } = await runInProcess(['status'], { env })
  expect(code).toBe(2)
  expect(err).toContain('expected auto, keychain, key-file or passphrase')
})

test.each([
  ['the home', '.'],
  ['the key record', 'key.json'],
  ['the store', 'store'],
])('store key: exits with 4 if %s cannot be used', async (_what, part) => {
  await using folder = await temporaryFolder()
  const home = path.join(folder.path, 'home')
  // A path blocked by something else stops every user, including root.
  if (part === '.') await writeFile(home, '')
  else if (part === 'key.json') await mkdir(path.join(home, part), { recursive: true, mode: 0o700 })
  else {
    await mkdir(home, { mode: 0o700 })
    await writeFile(path.join(home, part), '')
  }
  const env = { EVERGRANT_HOME: home, EVERGRANT_KEY: 'key-file' }
  const { code, out } = await runInProcess(['status', '--json'], { env })
  expect(code).toBe(4)
  expect(JSON.parse(out).error).toMatchObject({
    code: expect.stringMatching(/^(HOME_UNUSABLE|TOKEN_STORE_UNAVAILABLE)$/),
    message: expect.stringContaining(JSON.stringify(home).slice(0, -1)),
  })
})

test.skipIf(process.platform === 'win32')(
  'store key: key and key record are readable only by their owner',
  { tags: ['C-06'] },
  async () => {
    await using ring = await keyring()
    await ring.open({ EVERGRANT_KEY: 'key-file' })
    for (const name of ['key.json', 'store.key']) {
      expect((await stat(path.join(ring.folder, name))).mode & 0o777).toBe(0o600)
    }
  },
)
