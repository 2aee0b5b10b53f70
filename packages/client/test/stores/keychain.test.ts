import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { reportNotRun } from '@evergrant/test-kit'
import { describe, expect, test } from 'vitest'
import {
  hasSecretService,
  openKeychainIn,
  openKeychainOfSession,
} from '../support/keychain-processes.ts'

async function temporaryFolder() {
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-keychain-'))
  await chmod(folder, 0o700)
  return {
    path: folder,
    lockFile: path.join(folder, 'state', 'key.lock'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

// macOS and Windows have one keychain for the session, and a test cannot replace it.
describe.runIf(process.platform === 'linux')('keychain: unusable', () => {
  test(
    'keychain: an unusable one is an error, and no other place is used',
    { tags: ['C-06'] },
    async () => {
      await using folder = await temporaryFolder()
      const DBUS_SESSION_BUS_ADDRESS = `unix:path=${path.join(folder.path, 'no-bus')}`
      const env = { ...process.env, DBUS_SESSION_BUS_ADDRESS }
      expect(await openKeychainIn(env, folder.lockFile)).toMatchObject({
        code: 'TOKEN_STORE_UNAVAILABLE',
        message: expect.stringContaining('owner-only key file or a passphrase'),
      })
    },
  )

  test('keychain: the helper program does not start itself', { tags: ['C-06'] }, async () => {
    await using folder = await temporaryFolder()
    const env = { ...process.env, EVERGRANT_KEYCHAIN_PROGRAM: '1' }
    expect(await openKeychainIn(env, folder.lockFile)).toMatchObject({
      code: 'TOKEN_STORE_UNAVAILABLE',
      message: expect.stringContaining('is not Node.js'),
    })
  })

  test(
    'keychain: one that does not answer is an error after 3 seconds',
    { tags: ['C-06'] },
    async () => {
      await using folder = await temporaryFolder()
      const socket = path.join(folder.path, 'bus')
      const silent = createServer().listen(socket)
      try {
        const env = { ...process.env, DBUS_SESSION_BUS_ADDRESS: `unix:path=${socket}` }
        expect(await openKeychainIn(env, folder.lockFile)).toMatchObject({
          code: 'TOKEN_STORE_UNAVAILABLE',
          message: expect.stringContaining('did not answer within 3 seconds'),
        })
      } finally {
        silent.close()
      }
    },
  )
})

if (!hasSecretService) {
  reportNotRun(
    'keychain: Secret Service',
    'a keychain: dbus-run-session or gnome-keyring-daemon is not installed',
  )
}

describe.runIf(hasSecretService)('keychain: Secret Service', () => {
  test(
    'keychain: processes that start for the first time concurrently get the same key, and it is kept',
    { tags: ['C-06'] },
    async () => {
      await using folder = await temporaryFolder()
      const outcomes = await openKeychainOfSession(folder.path, folder.lockFile, 4)
      expect(outcomes).toHaveLength(5)
      for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0])
      expect(outcomes[0]).toEqual({
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        source: 'the OS keychain',
      })
    },
  )
})
