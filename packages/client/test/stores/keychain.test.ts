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

// macOS and Windows have one keychain for the whole session, and no way to put another in its place.
describe.runIf(process.platform === 'linux')('a keychain that cannot be used', () => {
  test('is an error that says so, and no other place is taken', { tags: ['C-06'] }, async () => {
    await using folder = await temporaryFolder()
    const DBUS_SESSION_BUS_ADDRESS = `unix:path=${path.join(folder.path, 'nobody-there')}`
    const env = { ...process.env, DBUS_SESSION_BUS_ADDRESS }
    expect(await openKeychainIn(env, folder.lockFile)).toMatchObject({
      code: 'TOKEN_STORE_UNAVAILABLE',
      message: expect.stringContaining('owner-only key file or a passphrase'),
    })
  })

  test('is not asked by a program that was started to ask it', { tags: ['C-06'] }, async () => {
    await using folder = await temporaryFolder()
    const env = { ...process.env, EVERGRANT_KEYCHAIN_PROGRAM: '1' }
    expect(await openKeychainIn(env, folder.lockFile)).toMatchObject({
      code: 'TOKEN_STORE_UNAVAILABLE',
      message: expect.stringContaining('no Node.js'),
    })
  })

  test('is given up when it does not answer', { tags: ['C-06'] }, async () => {
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
  })
})

if (!hasSecretService) {
  reportNotRun(
    'keychain: Secret Service',
    'a keychain: dbus-run-session or gnome-keyring-daemon is not installed',
  )
}

describe.runIf(hasSecretService)('a Secret Service', () => {
  test(
    'gives one key to all processes that start for the first time together, and keeps it',
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
