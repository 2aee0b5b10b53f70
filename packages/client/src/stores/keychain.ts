import { randomBytes } from 'node:crypto'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { cleanRemoteText } from '@evergrant/core'
import { EvergrantClientError } from '../lib/errors.ts'
import { keyLengthBytes } from './encryption/record-cipher.ts'
import { makeFolder } from './file/make-folder.ts'
import { kernelLock } from './file/kernel-lock.ts'
import { checkedKey } from './file/keys.ts'
import type { StoreKey } from './file/keys.ts'
import { assertPrivatePath } from './file/private-path.ts'

/** For one request: a keychain that shows an invisible dialog would wait forever. */
const answerMilliseconds = 3000
/** For the start of the helper program. It is longer, because a busy machine is no broken keychain. */
const startMilliseconds = 30_000
/** Creating the key takes two requests. */
const lockWaitMilliseconds = 2 * (startMilliseconds + answerMilliseconds)

/** It has the extension of this file: `.ts` in the sources, `.js` in the build. */
const program = fileURLToPath(
  new URL(`./keychain-program${path.extname(import.meta.url)}`, import.meta.url),
)

/** The program writes it before it uses the keychain. It is no character of base64. */
const readyMark = '\n'

/**
 * Set for the program. If the executable contains a complete application, it starts the application
 * instead, which would start itself again.
 */
const insideProgram = 'EVERGRANT_KEYCHAIN_PROGRAM'

/** The name of the key in the keychain. */
export interface KeychainKeyOptions {
  /** Default `evergrant`. */
  readonly service?: string
  /** Default `store-key`. */
  readonly account?: string
}

/**
 * The key in the keychain of the operating system. It is created and saved if it is missing.
 *
 * Requires the package `@napi-rs/keyring` (optional peer). On Linux it requires the Secret Service, because
 * the keyring of the kernel, which the package would use otherwise, loses the key at the next reboot.
 * A separate process (`process.execPath`) reads the keychain, because a keychain that hangs blocks
 * its caller, and only a process can be ended.
 *
 * Concurrency: keychains replace a key without a check. If several processes start for the first
 * time, one creates the key while it holds the lock on `lockFile`.
 *
 * @param lockFile - A separate file beside the store, the same for every process. It is created if it
 *   is missing, and never removed.
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE` if there is no keychain, if it does not
 *   answer within 3 seconds, if the helper program does not start within 30 seconds, or if the user
 *   declines. It never falls back to another place.
 * @example
 * const { key } = await keychainKey(lockFile)
 */
export async function keychainKey(
  lockFile: string,
  options: KeychainKeyOptions = {},
): Promise<StoreKey> {
  const { service = 'evergrant', account = 'store-key' } = options
  const read = (): Promise<Uint8Array | undefined> => readSecret(service, account)
  const key =
    (await read()) ??
    (await underLock(lockFile, async () => (await read()) ?? (await makeSecret(service, account))))
  return { key: checkedKey(key, 'the keychain'), source: 'the OS keychain' }
}

async function readSecret(service: string, account: string): Promise<Uint8Array | undefined> {
  const secret = await ask(['get', service, account], '')
  return secret === '' ? undefined : Uint8Array.from(Buffer.from(secret, 'base64'))
}

async function makeSecret(service: string, account: string): Promise<Uint8Array> {
  const made = randomBytes(keyLengthBytes)
  await ask(['set', service, account], made.toString('base64'))
  return made
}

async function underLock<Result>(lockFile: string, work: () => Promise<Result>): Promise<Result> {
  await makeFolder(path.dirname(lockFile)).catch(
    // The lock fails too, and its error says so.
    () => undefined,
  )
  await assertPrivatePath(lockFile, 'file')
  const locking = await kernelLock(lockFile, { waitMilliseconds: lockWaitMilliseconds })
  if (locking.outcome !== 'acquired') {
    throw noKeychain(
      `a key must be created in it, and the lock ${JSON.stringify(lockFile)} is ${locking.outcome}`,
      locking.outcome === 'unavailable' ? locking.cause : undefined,
    )
  }
  try {
    return await work()
  } finally {
    await locking.lock.release()
  }
}

/** Secrets are sent through pipes, because arguments and environments are not private. */
async function ask(parameters: readonly string[], input: string): Promise<string> {
  if (process.env[insideProgram] !== undefined) {
    throw noKeychain(
      'the executable of this process is not Node.js, so it cannot be started to read the keychain',
    )
  }
  // Loaded on first use: most stores use another key, and a proxy keeps what it loads.
  const { execFile } = await import('node:child_process')
  const { promisify } = await import('node:util')
  const running = promisify(execFile)(process.execPath, [program, ...parameters], {
    windowsHide: true,
    // This makes an Electron executable work as Node.js.
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', [insideProgram]: '1' },
  })
  const { child } = running
  let late = `its helper program did not start within ${startMilliseconds / 1000} seconds`
  const end = () => child.kill('SIGKILL')
  let timer = setTimeout(end, startMilliseconds)
  child.stdout?.once('data', () => {
    clearTimeout(timer)
    late = `it did not answer within ${answerMilliseconds / 1000} seconds`
    timer = setTimeout(end, answerMilliseconds)
  })
  child.stdin?.on('error', () => undefined).end(input)
  try {
    return (await running).stdout.slice(readyMark.length)
  } catch (error) {
    throw noKeychain(child.killed ? late : whyItFailed(error))
  } finally {
    clearTimeout(timer)
  }
}

/** Only the error output of the program, because its standard output may be a secret. */
function whyItFailed(error: unknown): string {
  if (!(error instanceof Error)) return 'its helper program failed'
  const output = 'stderr' in error ? cleanRemoteText(error.stderr) : undefined
  return output ?? 'its helper program could not be started'
}

function noKeychain(why: string, cause?: unknown): EvergrantClientError {
  return new EvergrantClientError(
    'TOKEN_STORE_UNAVAILABLE',
    `The OS keychain cannot be used: ${why.replace(/\.$/, '')}. Unlock it, or choose another place for the store key: an owner-only key file or a passphrase.`,
    { cause },
  )
}
