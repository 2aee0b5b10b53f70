import { randomBytes } from 'node:crypto'
import {
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { RecordName } from '../../src/index.ts'
import { fileStore, keyFileKey, passphraseKey } from '../../src/stores/file.ts'

const name: RecordName = { kind: 'grant', id: 'c'.repeat(64) }
const secret = 'canary-refresh-token'

/** Windows has no such bits. There, the access list of the folder applies. */
async function rightsOf(target: string): Promise<'owner only' | 'wider'> {
  const isWider = process.platform !== 'win32' && ((await stat(target)).mode & 0o077) !== 0
  return isWider ? 'wider' : 'owner only'
}

async function scene() {
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-file-'))
  const key = randomBytes(32)
  const store = await fileStore(folder, { key })
  await store.write(name, JSON.stringify({ refreshToken: secret }), 0)
  return {
    folder,
    key,
    store,
    file: path.join(folder, 'grant', `${name.id}.json`),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

test(
  'file store: only the owner can read a record, and it shows no token',
  { tags: ['C-06'] },
  async () => {
    await using it = await scene()
    expect(await readFile(it.file, 'utf8')).not.toContain(secret)
    expect(await rightsOf(it.file)).toBe('owner only')
    expect(await rightsOf(path.dirname(it.file))).toBe('owner only')
  },
)

test(
  'file store: permissions that are too wide are corrected when the store is opened',
  { tags: ['C-06'] },
  async ({ skip }) => {
    if (process.platform === 'win32') skip('Windows has no such rights')
    await using it = await scene()
    const { chmod } = await import('node:fs/promises')
    await chmod(it.file, 0o644)
    await chmod(it.folder, 0o755)
    await fileStore(it.folder, { key: it.key })
    expect((await stat(it.file)).mode & 0o077).toBe(0)
    expect((await stat(it.folder)).mode & 0o077).toBe(0)
  },
)

test.each([
  ['cut off', (text: string) => text.slice(0, text.length / 2)],
  ['empty', () => ''],
  ['not a record', () => '{"tokens":"mine"}'],
  [
    'changed in one character of its data',
    (text: string) =>
      text.replace(/"data":"(.)/, (_, first: string) => `"data":"${first === 'A' ? 'B' : 'A'}`),
  ],
  ['given another generation', (text: string) => text.replace('"generation":1', '"generation":9')],
])(
  'file store: a file that was %s is set aside and reported',
  { tags: ['C-52'] },
  async (_how, damage) => {
    await using it = await scene()
    const damaged = damage(await readFile(it.file, 'utf8'))
    await writeFile(it.file, damaged)
    await expect(it.store.read(name)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    const kept = await readdir(path.join(it.folder, 'set-aside'))
    expect(kept).toHaveLength(1)
    expect(await readFile(path.join(it.folder, 'set-aside', kept[0] ?? ''), 'utf8')).toBe(damaged)
    expect(await it.store.read(name)).toBeUndefined()
  },
)

test(
  'file store: a file that was copied to the name of another record does not open',
  { tags: ['C-39'] },
  async () => {
    await using it = await scene()
    const other: RecordName = { kind: 'grant', id: 'd'.repeat(64) }
    await copyFile(it.file, path.join(it.folder, 'grant', `${other.id}.json`))
    await expect(it.store.read(other)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    expect((await it.store.read(name))?.body).toContain(secret)
  },
)

test(
  'file store: a file of a later version or of another key is not changed',
  { tags: ['C-52'] },
  async () => {
    await using it = await scene()
    const elsewhere = await fileStore(it.folder, { key: randomBytes(32) })
    await expect(elsewhere.read(name)).rejects.toThrow('another key')
    expect((await it.store.read(name))?.body).toContain(secret)

    const later = (await readFile(it.file, 'utf8')).replace('"format":1', '"format":2')
    await writeFile(it.file, later)
    await expect(it.store.read(name)).rejects.toThrow('Update')
    expect(await readFile(it.file, 'utf8')).toBe(later)
  },
)

test(
  'file store: temporary files of a crash are removed, those of a running write are not',
  { tags: ['C-52'] },
  async () => {
    await using it = await scene()
    const old = path.join(it.folder, 'grant', '.writing-1-old')
    const fresh = path.join(it.folder, 'grant', '.writing-1-fresh')
    await writeFile(old, 'half a record')
    await writeFile(fresh, 'half a record')
    const longAgo = new Date(Date.now() - 3_600_000)
    await utimes(old, longAgo, longAgo)
    const store = await fileStore(it.folder, { key: it.key })
    expect(await readdir(path.dirname(old))).toEqual(expect.arrayContaining(['.writing-1-fresh']))
    expect(await readdir(path.dirname(old))).not.toContain('.writing-1-old')
    const ids: string[] = []
    for await (const id of store.list('grant')) ids.push(id)
    expect(ids).toEqual([name.id])
  },
)

test(
  'file store: a linked record stays a link, and its target is replaced',
  { tags: ['C-52'] },
  async ({ skip }) => {
    if (process.platform === 'win32') skip('links need a privilege on Windows')
    await using it = await scene()
    const real = path.join(it.folder, 'real.json')
    await copyFile(it.file, real)
    await rm(it.file)
    await symlink(real, it.file)
    await it.store.write(name, '"newer"', 1)
    expect((await it.store.read(name))?.body).toBe('"newer"')
    expect(await readFile(real, 'utf8')).toBe(await readFile(it.file, 'utf8'))
  },
)

test(
  'file store: a key of another length is an error with the expected length',
  { tags: ['C-06'] },
  async () => {
    await using it = await scene()
    await expect(fileStore(it.folder, { key: randomBytes(16) })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('32 bytes'),
    })
  },
)

test('file store: a path that cannot be a folder is an error with the next step', async () => {
  await using it = await scene()
  await expect(fileStore(it.file, { key: it.key })).rejects.toMatchObject({
    code: 'TOKEN_STORE_UNAVAILABLE',
  })
})

test(
  'key file: one of many processes creates it, and all read the same key',
  { tags: ['C-06'] },
  async () => {
    await using it = await scene()
    const file = path.join(it.folder, 'keys', 'store.key')
    await mkdir(path.dirname(file), { recursive: true })
    const keys = await Promise.all(Array.from({ length: 8 }, () => keyFileKey(file)))
    expect(new Set(keys.map(({ key }) => Buffer.from(key).toString('hex'))).size).toBe(1)
    expect(await readdir(path.dirname(file))).toEqual(['store.key'])
    expect(await rightsOf(file)).toBe('owner only')
  },
)

test('key file: an existing one is read, and nothing is written', { tags: ['C-53'] }, async () => {
  await using it = await scene()
  const file = path.join(it.folder, 'keys', 'store.key')
  const { key } = await keyFileKey(file)
  const longAgo = new Date(1_000_000_000_000)
  await utimes(path.dirname(file), longAgo, longAgo)
  expect((await keyFileKey(file)).key).toEqual(key)
  expect((await stat(path.dirname(file))).mtime).toEqual(longAgo)
})

test('key file: one of the wrong size is an error and not replaced', async () => {
  await using it = await scene()
  const file = path.join(it.folder, 'short.key')
  await writeFile(file, Buffer.from('short').toString('base64'))
  await expect(keyFileKey(file)).rejects.toThrow('5 bytes')
  expect(await readFile(file, 'utf8')).toBe(Buffer.from('short').toString('base64'))
})

test('passphrase: gives the same key only for the same salt', { tags: ['C-06'] }, async () => {
  const salt = randomBytes(16)
  const [one, again, otherSalt] = await Promise.all([
    passphraseKey('correct horse', salt),
    passphraseKey('correct horse', salt),
    passphraseKey('correct horse', randomBytes(16)),
  ])
  expect(one.key).toEqual(again.key)
  expect(one.key).not.toEqual(otherSalt.key)
  await expect(passphraseKey('', salt)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
})
