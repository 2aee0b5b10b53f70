import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { homeUnusable } from '../src/home/home.ts'
import type { CliRun } from './support.ts'
import { runInProcess, temporaryFolder } from './support.ts'

/** A home that another user could have prepared, next to a folder of that user. */
async function scene() {
  const root = await temporaryFolder()
  const home = path.join(root.path, 'home')
  const elsewhere = path.join(root.path, 'elsewhere')
  await mkdir(home, { mode: 0o700 })
  await mkdir(elsewhere, { mode: 0o700 })
  const env = { EVERGRANT_HOME: home, EVERGRANT_KEY: 'key-file' }
  return {
    home,
    elsewhere,
    run: (): Promise<CliRun> => runInProcess(['status', '--json'], { env }),
    [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
  }
}

function messageOf({ code, out }: CliRun): string {
  expect(code).toBe(4)
  const { error } = JSON.parse(out)
  expect(error.code).toBe('HOME_UNUSABLE')
  expect(error.message).toContain('EVERGRANT_HOME')
  return error.message
}

// Windows has neither these permissions nor these owners, and links require a privilege there.
describe.skipIf(process.platform === 'win32')(
  'a home that another user could have prepared',
  () => {
    test.each([
      ['all users', 0o777],
      ['the group', 0o775],
    ])(
      'home: refuses a folder that %s can write to, and the suggested command fixes it',
      { tags: ['C-06'] },
      async (_who, mode) => {
        await using it = await scene()
        await chmod(it.home, mode)
        const message = messageOf(await it.run())
        expect(await readdir(it.home)).toEqual([])
        const command = /run: (chmod go-w \S+)\. /.exec(message)?.[1] ?? ''
        await promisify(execFile)('/bin/sh', ['-c', command])
        expect((await it.run()).code).toBe(0)
      },
    )

    test.runIf(process.geteuid?.() === 0)(
      'home: root refuses a folder of another user, as with sudo',
      { tags: ['C-06'] },
      async () => {
        await using it = await scene()
        await chown(it.home, 4242, 4242)
        expect(messageOf(await it.run())).toContain('without sudo')
        expect(await readdir(it.home)).toEqual([])
      },
    )

    test.each([
      ['store', 'folder'],
      ['key.json', 'file'],
      ['key.lock', 'file'],
      ['store.key', 'file'],
    ])('home: refuses a link in place of %s', { tags: ['C-06'] }, async (name, kind) => {
      await using it = await scene()
      const target = path.join(it.elsewhere, name)
      if (kind === 'folder') await mkdir(target)
      await symlink(target, path.join(it.home, name))
      expect(messageOf(await it.run())).toContain(`symbolic link to ${JSON.stringify(target)}`)
      expect(await readdir(kind === 'folder' ? target : it.elsewhere)).toEqual([])
    })

    test.each([['key.json'], ['key.lock'], ['store.key']])(
      'home: refuses a %s that other users can write to',
      { tags: ['C-06'] },
      async (name) => {
        await using it = await scene()
        const file = path.join(it.home, name)
        await writeFile(file, '')
        await chmod(file, 0o666)
        expect(messageOf(await it.run())).toContain(`chmod go-w ${file}`)
        expect((await stat(file)).size).toBe(0)
      },
    )

    test('home: refuses a home that is a link', { tags: ['C-06'] }, async () => {
      await using it = await scene()
      const link = path.join(it.elsewhere, 'home')
      await symlink(it.home, link)
      for (const given of [link, `${link}/`]) {
        const env = { EVERGRANT_HOME: given, EVERGRANT_KEY: 'key-file' }
        const run = await runInProcess(['status', '--json'], { env })
        expect(messageOf(run)).toContain(`symbolic link to ${JSON.stringify(it.home)}`)
      }
    })

    test('home: accepts a folder below a sticky folder that all users can write to', async () => {
      await using it = await scene()
      await chmod(path.dirname(it.home), 0o1777)
      expect((await it.run()).code).toBe(0)
    })

    test(
      'home: accepts the folder that it creates, under every umask',
      { tags: ['C-06'] },
      async () => {
        await using it = await scene()
        const env = { EVERGRANT_HOME: path.join(it.home, 'new', 'home'), EVERGRANT_KEY: 'key-file' }
        const umask = process.umask(0)
        try {
          expect((await runInProcess(['status'], { env })).code).toBe(0)
          expect((await runInProcess(['status'], { env })).code).toBe(0)
        } finally {
          process.umask(umask)
        }
        expect((await stat(env.EVERGRANT_HOME)).mode & 0o777).toBe(0o700)
      },
    )
  },
)

// Such file systems refuse new folders with ENOENT. Creating one with `recursive` never returns.
test
  .runIf(process.platform === 'linux')
  .each([
    '/proc/evergrant',
    '/proc/self/evergrant/home',
    '/sys/evergrant',
    '/dev/full',
    '/dev/null/home',
  ])('home: %s is refused at once, with its name and the reason', async (home) => {
  const run = await runInProcess(['status', '--json'], {
    env: { EVERGRANT_HOME: home, EVERGRANT_KEY: 'key-file' },
  })
  expect(messageOf(run)).toContain(home)
})

test.runIf(process.platform === 'linux').each(['/proc/self/fd', '/sys/kernel'])(
  'home: a key that cannot be created in %s is an error with the reason',
  async (home) => {
    const env = { EVERGRANT_HOME: home, EVERGRANT_KEY: 'key-file' }
    const { code, err } = await runInProcess(['status'], { env })
    expect(code).toBe(4)
    expect(err).toMatch(/cannot be used/)
    expect(err).toMatch(/\(E[A-Z]+\)|mode 555/)
  },
)

test.each([
  ['ENOSPC', 'Free space'],
  ['EDQUOT', 'Free space'],
  ['EROFS', 'read-only'],
  ['EACCES', 'permissions'],
])('home: says what to do after %s', (code, expected) => {
  const cause = Object.assign(new Error('failed'), { code })
  expect(homeUnusable('/home/me/.evergrant', cause).message).toContain(expected)
})
