import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { fileStore, keyFileKey, preparePrivateFolder } from '../../src/stores/file.ts'

const key = randomBytes(32)

/** A folder of this user, with a name that a shell must not interpret. */
async function scene() {
  const root = await mkdtemp(path.join(tmpdir(), 'evergrant-private-'))
  const folder = path.join(root, "it's here; $(id)")
  await mkdir(folder, { mode: 0o700 })
  return {
    root,
    folder,
    file: path.join(folder, 'store.key'),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  }
}

/** Gives a path to another user, or returns one that belongs to another user. */
async function foreign(target: string): Promise<string> {
  if (process.geteuid?.() !== 0) return '/'
  await chown(target, 4242, 4242)
  return target
}

const refused = (because: string) => ({
  code: 'TOKEN_STORE_UNAVAILABLE',
  message: expect.stringContaining(because),
})

// Windows has neither these permissions nor these owners, and links require a privilege.
const isWindows = process.platform === 'win32'

describe.skipIf(isWindows)('private path: folders', () => {
  test.each([
    ['all users', 0o777],
    ['all users, with the sticky bit', 0o1777],
    ['the group', 0o770],
  ])(
    'file store: refuses a folder that %s may write to, and the command of the error corrects it',
    { tags: ['C-06'] },
    async (_who, mode) => {
      await using it = await scene()
      await chmod(it.folder, mode)
      const opening = fileStore(it.folder, { key })
      await expect(opening).rejects.toMatchObject(refused('other users may write to it'))
      expect(await readdir(it.folder)).toEqual([])
      const message = await opening.then(String, String)
      const command = /run: (chmod .*)\.$/.exec(message)?.[1] ?? ''
      await promisify(execFile)('/bin/sh', ['-c', command])
      await (await fileStore(it.folder, { key })).close()
    },
  )

  test('file store: refuses a folder of another user', { tags: ['C-06'] }, async () => {
    await using it = await scene()
    const opening = fileStore(await foreign(it.folder), { key })
    await expect(opening).rejects.toMatchObject(refused('it belongs to user ID'))
  })

  test.each([
    ['to a folder', true],
    ['that is broken', false],
  ])(
    'file store: refuses a link %s in place of its folder',
    { tags: ['C-06'] },
    async (_where, exists) => {
      await using it = await scene()
      const elsewhere = path.join(it.root, 'elsewhere')
      if (exists) await mkdir(elsewhere, { mode: 0o700 })
      const store = path.join(it.folder, 'store')
      await symlink(elsewhere, store)
      for (const given of [store, `${store}/`]) {
        await expect(fileStore(given, { key })).rejects.toMatchObject(
          refused(`it is a symbolic link to ${JSON.stringify(elsewhere)}`),
        )
      }
      expect(await readdir(exists ? elsewhere : it.root)).toEqual(
        exists ? [] : ["it's here; $(id)"],
      )
    },
  )

  test.each([['grant'], ['locks'], ['set-aside']])(
    'file store: refuses a link in place of its folder %j',
    { tags: ['C-06'] },
    async (inner) => {
      await using it = await scene()
      const elsewhere = path.join(it.root, 'elsewhere')
      await mkdir(elsewhere)
      await symlink(elsewhere, path.join(it.folder, inner))
      await expect(fileStore(it.folder, { key })).rejects.toMatchObject(refused('symbolic link'))
      expect(await readdir(elsewhere)).toEqual([])
    },
  )

  test('file store: accepts links and open folders above its folder', async () => {
    await using it = await scene()
    await chmod(it.root, 0o1777)
    const link = path.join(it.root, 'link')
    await symlink(it.folder, link)
    await (await fileStore(path.join(link, 'store'), { key })).close()
    expect(await readdir(it.folder)).toEqual(['store'])
  })

  test('file store: a new folder is accessible to its owner only, with every umask', async () => {
    await using it = await scene()
    const folder = path.join(it.folder, 'a', 'b')
    const umask = process.umask(0)
    try {
      await preparePrivateFolder(folder)
    } finally {
      process.umask(umask)
    }
    await (await fileStore(folder, { key })).close()
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
  })
})

describe.skipIf(isWindows)('private path: key files', () => {
  test.each([
    [
      'is writable by others',
      'other users may write to it',
      (file: string) => chmod(file, 0o622).then(() => file),
    ],
    ['belongs to another user', 'user ID', (file: string) => foreign(file)],
    [
      'is a symbolic link',
      'symbolic link',
      async (file: string) => {
        await symlink(file, `${file}.link`)
        return `${file}.link`
      },
    ],
    [
      'is a broken symbolic link',
      'symbolic link',
      async (file: string) => {
        await symlink(`${file}.nowhere`, `${file}.link`)
        return `${file}.link`
      },
    ],
    [
      'is a pipe that is never written to',
      'it is not a file',
      async (file: string) => {
        await promisify(execFile)('mkfifo', ['-m', '600', `${file}.pipe`])
        return `${file}.pipe`
      },
    ],
  ])('key file: refuses one that %s', { tags: ['C-06'] }, async (_how, because, prepare) => {
    await using it = await scene()
    await writeFile(it.file, key.toString('base64'), { mode: 0o600 })
    const target = await prepare(it.file)
    const expected = target === '/' ? refused('it is not a file') : refused(because)
    await expect(keyFileKey(target)).rejects.toMatchObject(expected)
  })
})
