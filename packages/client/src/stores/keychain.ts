import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cleanRemoteText } from '@evergrant/core'
import { EvergrantClientError } from '../lib/errors.ts'
import { keyLengthBytes } from './encryption/record-cipher.ts'
import { ownerOnlyFolder } from './file/durable-file.ts'
import { kernelLock } from './file/kernel-lock.ts'
import { checkedKey } from './file/keys.ts'
import type { StoreKey } from './file/keys.ts'
import { assertPrivatePath } from './file/private-path.ts'

/** For one request: a keychain that wants to show a dialog nobody sees would wait for good. */
const timeoutMilliseconds = 3000
/** Whoever makes the key asks the keychain twice. */
const lockWaitMilliseconds = 3 * timeoutMilliseconds

/** Its ending is that of this file: `.ts` in the sources, `.js` in what is built. */
const program = fileURLToPath(
  new URL(`./keychain-program${path.extname(import.meta.url)}`, import.meta.url),
)

/**
 * Set for the program. An executable that holds a whole application would start that application
 * instead, which would ask the keychain, and so on.
 */
const insideProgram = 'EVERGRANT_KEYCHAIN_PROGRAM'

const run = promisify(execFile)

/** Where in the keychain the key is. */
export interface KeychainKeyOptions {
  /** Default `evergrant`. */
  readonly service?: string
  /** Default `store-key`. */
  readonly account?: string
}

/**
 * The key in the keychain of the operating system; made and saved there if there is none.
 *
 * Needs the optional package `@napi-rs/keyring`. On Linux it insists on the Secret Service: the
 * kernel's keyring, the package's silent alternative, forgets the key at the next reboot. The
 * keychain is asked by a process of its own (`process.execPath`), since a keychain that hangs
 * hangs whoever asks it, and only a process can be ended.
 *
 * Concurrency: keychains replace what is there without asking, so of several processes that start
 * for the first time, one makes the key while it holds the lock on `lockFile`.
 *
 * @param lockFile - A file of its own beside the store, the same for every process; made if it is
 *   missing, and never removed.
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE` where there is no keychain, it does not
 *   answer within 3 seconds, or the person declines. Never falls back to another place.
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
  await mkdir(path.dirname(lockFile), { recursive: true, mode: ownerOnlyFolder }).catch(
    // Then the lock cannot be had either, and says so.
    () => undefined,
  )
  await assertPrivatePath(lockFile, 'file')
  const locking = await kernelLock(lockFile, { waitMilliseconds: lockWaitMilliseconds })
  if (locking.outcome !== 'acquired') {
    throw noKeychain(
      `a key has to be made in it, and the lock ${JSON.stringify(lockFile)} is ${locking.outcome}`,
      locking.outcome === 'unavailable' ? locking.cause : undefined,
    )
  }
  try {
    return await work()
  } finally {
    await locking.lock.release()
  }
}

/** Secrets travel through pipes: arguments and environments of a process are not private. */
async function ask(parameters: readonly string[], input: string): Promise<string> {
  if (process.env[insideProgram] !== undefined) {
    throw noKeychain('this program is no Node.js that could be started to ask it')
  }
  const running = run(process.execPath, [program, ...parameters], {
    timeout: timeoutMilliseconds,
    killSignal: 'SIGKILL',
    windowsHide: true,
    // Where the executable is Electron, this makes it Node.js.
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', [insideProgram]: '1' },
  })
  running.child.stdin?.on('error', () => undefined).end(input)
  try {
    return (await running).stdout
  } catch (error) {
    throw noKeychain(whyItFailed(error))
  }
}

/** Of the error only what the program said: its standard output may be a secret. */
function whyItFailed(error: unknown): string {
  if (!(error instanceof Error)) return 'its program failed'
  if ('killed' in error && error.killed === true) {
    return `it did not answer within ${timeoutMilliseconds / 1000} seconds`
  }
  const said = 'stderr' in error ? cleanRemoteText(error.stderr) : undefined
  return said ?? 'its program could not be run'
}

function noKeychain(why: string, cause?: unknown): EvergrantClientError {
  return new EvergrantClientError(
    'TOKEN_STORE_UNAVAILABLE',
    `No usable OS keychain: ${why.replace(/\.$/, '')}. Unlock it, or choose another place for the store key: an owner-only key file or a passphrase.`,
    { cause },
  )
}
