import { WorkerError } from '../lib/errors.ts'
import type { GivenOptions } from './given-options.ts'
import { listOf } from './given-options.ts'
import { readSmallFile, unusable } from './read-small-file.ts'

const keyBytes = 32
const maximumKeys = 16

/**
 * Reads the keys of the store, the newest first.
 *
 * @throws WorkerError `OPTION_INVALID`, `FILE_UNUSABLE`
 */
export async function readKeys(given: GivenOptions): Promise<readonly [Buffer, ...Buffer[]]> {
  const source = given('key-file')?.source ?? '--key-file'
  const [newest, ...older] = listOf(given, 'key-file')
  if (newest === undefined || older.length >= maximumKeys) {
    throw new WorkerError(
      'OPTION_INVALID',
      `${source} names ${older.length + (newest === undefined ? 0 : 1)} files (expected 1 to ${maximumKeys}, with the key that the gateway uses). Create a key with: openssl rand -base64 32 > store.key`,
    )
  }
  return [
    await readKey(newest, source),
    ...(await Promise.all(older.map((file) => readKey(file, source)))),
  ]
}

async function readKey(file: string, source: string): Promise<Buffer> {
  const bytes = await readSmallFile(file, source)
  if (bytes.length === keyBytes) return bytes
  const text = bytes.toString('latin1').trim()
  if (/^[\da-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  if (/^[\w+/-]{43}=?$/.test(text)) return Buffer.from(text, 'base64')
  throw unusable(
    file,
    source,
    `it has ${bytes.length} bytes and is not a key (expected ${keyBytes} bytes, raw, in hexadecimal or in base64)`,
  )
}
