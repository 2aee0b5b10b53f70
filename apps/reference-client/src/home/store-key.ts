import { createHmac, randomBytes } from 'node:crypto'
import { access } from 'node:fs/promises'
import process from 'node:process'
import { EvergrantClientError } from '@evergrant/client'
import { keychainKey, keyFileKey, passphraseKey } from '@evergrant/client/stores/file'
import type { StoreKey } from '@evergrant/client/stores/file'
import { CliError } from '../lib/errors.ts'
import type { Home } from './home.ts'
import { createKeyRecord, isKeyKind, readKeyRecord } from './key-record.ts'
import type { KeyKind, KeyRecord } from './key-record.ts'
import { variables } from '../names.ts'

/** The key of a store, and where it is kept. */
export interface OpenedKey extends StoreKey {
  readonly kind: KeyKind
}

/** Options of {@link openStoreKey}. */
export interface StoreKeyOptions {
  /** Receives a notice about the choice, for the user. */
  readonly notice: (text: string) => void
  /** The keychain; it creates a key under a lock on the file. Default: the operating system's. */
  readonly keychain?: ((lockFile: string) => Promise<StoreKey>) | undefined
}

/**
 * Gets the key of the store. The first choice is recorded and stays in effect. A key that is missing
 * later is an error, and no other key replaces it.
 *
 * @throws CliError `USAGE`, `STORE_KEY_UNAVAILABLE`, `HOME_UNUSABLE`
 */
export async function openStoreKey(
  home: Home,
  env: Readonly<Record<string, string | undefined>>,
  options: StoreKeyOptions,
): Promise<OpenedKey> {
  const wish = readWish(env[variables.key])
  const sources = keySources(home, env[variables.passphrase], options.keychain ?? keychainKey)
  let record = await readKeyRecord(home.keyRecordFile)
  if (record === undefined) {
    const chosen = await choose(wish, sources, home, options.notice)
    await createKeyRecord(home.keyRecordFile, chosen)
    record = (await readKeyRecord(home.keyRecordFile)) ?? chosen
  }
  const { kind, fingerprint } = record
  if (wish !== 'auto' && wish !== kind) {
    throw new CliError(
      'USAGE',
      `${variables.key} is ${wish}, but the store in ${JSON.stringify(home.folder)} uses ${kind}. Unset ${variables.key} to use this store, or set ${variables.home} to another folder.`,
    )
  }
  if (kind === 'key-file') await assertPresent(home.keyFile)
  const found = await sources[kind](record.salt).catch((cause: unknown) => {
    throw EvergrantClientError.is(cause) ? keyMissing(home, cause.message, cause) : cause
  })
  if (fingerprintOf(found.key) !== fingerprint) {
    throw keyMissing(
      home,
      kind === 'passphrase'
        ? `${variables.passphrase} differs from the passphrase that the store was created with`
        : `the key in ${found.source} differs from the key that the store was created with`,
    )
  }
  return { ...found, kind }
}

type KeySources = Readonly<Record<KeyKind, (salt?: string) => Promise<StoreKey>>>

function keySources(
  home: Home,
  passphrase: string | undefined,
  keychain: (lockFile: string) => Promise<StoreKey>,
): KeySources {
  return {
    keychain: () => keychain(home.keyLockFile),
    'key-file': () => keyFileKey(home.keyFile),
    async passphrase(salt = '') {
      if (passphrase === undefined || passphrase === '') {
        throw new CliError(
          'STORE_KEY_UNAVAILABLE',
          `The store is encrypted with a passphrase, but ${variables.passphrase} is not set. Set it to that passphrase.`,
        )
      }
      return await passphraseKey(passphrase, Uint8Array.from(Buffer.from(salt, 'base64')))
    },
  }
}

function readWish(value: string | undefined): KeyKind | 'auto' {
  if (value === undefined || value === '' || value === 'auto') return 'auto'
  if (isKeyKind(value)) return value
  throw new CliError(
    'USAGE',
    `${variables.key} is ${JSON.stringify(value)}; expected auto, keychain, key-file or passphrase.`,
  )
}

async function choose(
  wish: KeyKind | 'auto',
  sources: KeySources,
  home: Home,
  notice: (text: string) => void,
): Promise<KeyRecord> {
  if (wish !== 'auto') return await recordOf(wish, sources)
  try {
    return await recordOf('keychain', sources)
  } catch (error) {
    if (!EvergrantClientError.is(error) || error.code !== 'TOKEN_STORE_UNAVAILABLE') throw error
    notice(
      `No usable OS keychain found. The key of the store is kept in ${home.keyFile}, ${process.platform === 'win32' ? 'readable by every user who can read that folder' : 'which only you can read'}.`,
    )
    return await recordOf('key-file', sources)
  }
}

async function recordOf(kind: KeyKind, sources: KeySources): Promise<KeyRecord> {
  const salt = kind === 'passphrase' ? randomBytes(16).toString('base64') : undefined
  const { key } = await sources[kind](salt)
  const fingerprint = fingerprintOf(key)
  return { version: 1, kind, fingerprint, ...(salt === undefined ? {} : { salt }) }
}

function fingerprintOf(key: Uint8Array): string {
  return createHmac('sha256', key).update('store key').digest('base64url').slice(0, 22)
}

/** Without this check, a lost key file would silently be replaced by a new one. */
async function assertPresent(file: string): Promise<void> {
  await access(file).catch((cause: unknown) => {
    throw new CliError(
      'STORE_KEY_UNAVAILABLE',
      `The key of the store is missing: ${JSON.stringify(file)} does not exist. Restore it. To start over, remove its folder and sign in again.`,
      { cause },
    )
  })
}

function keyMissing(home: Home, why: string, cause?: unknown): CliError {
  return new CliError(
    'STORE_KEY_UNAVAILABLE',
    `The key of the store in ${JSON.stringify(home.folder)} is not available: ${why.replace(/\.$/, '')}. No other key can decrypt it. To start over, remove that folder and sign in again.`,
    { cause },
  )
}
