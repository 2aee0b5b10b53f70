import { randomBytes, scrypt } from 'node:crypto'
import { link, open, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { EvergrantClientError } from '../../lib/errors.ts'
import { keyLengthBytes } from '../encryption/record-cipher.ts'
import { ownerOnlyFile, restrictToOwner, syncFolder } from './durable-file.ts'
import { makeFolder } from './make-folder.ts'
import { readPrivateFile } from './private-path.ts'
import { hasCode, reasonOf } from './system-error.ts'

/** A store key, and where it is stored. */
export interface StoreKey {
  readonly key: Uint8Array
  /** A description for messages, such as "the keychain of this user"; never the key. */
  readonly source: string
}

/**
 * The key in a file that only the owner can read. It is created if it is missing. It protects copies
 * of the store without the key, such as backups. It does not protect the store from programs of this
 * user.
 *
 * A file that is a symbolic link, that belongs to another user, or that others can write to is
 * refused, because they may know its key. On Windows only the link is detected.
 *
 * @param file - Keep it outside the store folder, so that no copy contains both.
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`
 * @example
 * const { key } = await keyFileKey(file)
 */
export async function keyFileKey(file: string): Promise<StoreKey> {
  try {
    // An existing key is never written, so a full disk cannot destroy it.
    if (!(await exists(file))) await makeKeyFile(file)
    const key = Uint8Array.from(Buffer.from(await readPrivateFile(file), 'base64'))
    await restrictToOwner(file, ownerOnlyFile)
    return { key: checkedKey(key, JSON.stringify(file)), source: `the key file ${file}` }
  } catch (cause) {
    if (EvergrantClientError.is(cause)) throw cause
    throw new EvergrantClientError(
      'TOKEN_STORE_UNAVAILABLE',
      `The key file ${JSON.stringify(file)} cannot be used${reasonOf(cause)} (expected a file that this user can read and, the first time, write). Check its permissions and the disk space, or use another file.`,
      { cause },
    )
  }
}

async function makeKeyFile(file: string): Promise<void> {
  await makeFolder(path.dirname(file))
  const temporary = `${file}.${process.pid}-${randomBytes(6).toString('hex')}`
  try {
    const handle = await open(temporary, 'wx', ownerOnlyFile)
    try {
      await handle.writeFile(randomBytes(keyLengthBytes).toString('base64'))
      await handle.sync()
    } finally {
      await handle.close()
    }
    // A link fails if the name exists, so only one of several processes creates the key.
    await link(temporary, file)
    // Records are synced. Without a synced key, a power failure could make them unreadable.
    await syncFolder(path.dirname(file))
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

/**
 * The key derived from a passphrase with scrypt (N = 2^17, r = 8, p = 1).
 *
 * @param salt - At least 16 bytes, the same for every use of a store. It is not secret.
 * @throws EvergrantClientError `INVALID_OPTION`
 * @example
 * const { key } = await passphraseKey('correct horse', salt)
 */
export async function passphraseKey(passphrase: string, salt: Uint8Array): Promise<StoreKey> {
  if (passphrase === '' || salt.byteLength < 16) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      'The store passphrase or its salt cannot be used (expected a passphrase that is not empty, and a salt of at least 16 bytes). Correct it.',
    )
  }
  const key = await new Promise<Uint8Array>((resolve, reject) => {
    const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 }
    scrypt(passphrase.normalize('NFKC'), salt, keyLengthBytes, cost, (error, derived) => {
      if (error === null) resolve(Uint8Array.from(derived))
      else reject(error)
    })
  })
  return { key, source: 'a passphrase' }
}

/**
 * Checks the length of a key.
 *
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`
 */
export function checkedKey(key: Uint8Array, where: string): Uint8Array {
  if (key.byteLength === keyLengthBytes) return key
  throw new EvergrantClientError(
    'TOKEN_STORE_UNAVAILABLE',
    `The store key in ${where} cannot be used: it has ${key.byteLength} bytes (expected ${keyLengthBytes} bytes). Restore it from a backup, or remove it together with the store and sign in again.`,
  )
}
