import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { EvergrantClientError } from '../../lib/errors.ts'
import type { RecordName, StoredRecord } from '../store.ts'

const formatVersion = 1
/** The key length of AES-256. */
export const keyLengthBytes = 32
const ivLengthBytes = 12

/** An opened record, or why it cannot be opened. */
export type OpenedRecord =
  | { readonly record: StoredRecord }
  | {
      readonly unreadable: 'damaged' | 'later-version' | 'another-key'
      readonly detail: string
    }

/** Seals and opens record bodies with AES-256-GCM. */
export interface RecordCipher {
  /** Identifies the key without revealing it: the first bytes of a hash. */
  readonly keyId: string
  seal(name: RecordName, record: StoredRecord): string
  open(name: RecordName, text: string): OpenedRecord
}

/**
 * Makes the cipher of a store.
 *
 * The name and generation of the record are authenticated with the body. A record that was copied to
 * another name, or an old record with a new generation, does not open.
 *
 * @param key - 32 random bytes.
 * @throws EvergrantClientError `INVALID_OPTION` for a key of another length
 */
export function recordCipher(key: Uint8Array): RecordCipher {
  if (key.byteLength !== keyLengthBytes) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The store key cannot be used: it has ${key.byteLength} bytes (expected ${keyLengthBytes} bytes). Create one with randomBytes(${keyLengthBytes}).`,
    )
  }
  const keyId = createHash('sha256')
    .update('evergrant store key')
    .update(key)
    .digest('hex')
    .slice(0, 16)

  return {
    keyId,
    seal(name, { generation, body }) {
      const iv = randomBytes(ivLengthBytes)
      const cipher = createCipheriv('aes-256-gcm', key, iv)
      cipher.setAAD(associatedData(name, generation))
      const data = Buffer.concat([cipher.update(body, 'utf8'), cipher.final()])
      return `${JSON.stringify({
        evergrant: formatVersion,
        generation,
        keyId,
        iv: iv.toString('base64'),
        data: data.toString('base64'),
        tag: cipher.getAuthTag().toString('base64'),
      })}\n`
    },
    open(name, text) {
      const sealed = parseSealed(text)
      if ('unreadable' in sealed) return sealed
      if (sealed.keyId !== keyId) {
        return { unreadable: 'another-key', detail: 'it was encrypted with another key' }
      }
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.iv, 'base64'), {
          authTagLength: 16,
        })
        decipher.setAAD(associatedData(name, sealed.generation))
        decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'))
        const body = Buffer.concat([
          decipher.update(Buffer.from(sealed.data, 'base64')),
          decipher.final(),
        ])
        return { record: { generation: sealed.generation, body: body.toString('utf8') } }
      } catch {
        return {
          unreadable: 'damaged',
          detail: 'it was changed or cut off, or has the wrong name',
        }
      }
    },
  }
}

interface SealedRecord {
  readonly generation: number
  readonly keyId: string
  readonly iv: string
  readonly data: string
  readonly tag: string
}

function parseSealed(text: string): SealedRecord | Extract<OpenedRecord, { unreadable: string }> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { unreadable: 'damaged', detail: 'it is not JSON' }
  }
  if (typeof value !== 'object' || value === null) {
    return { unreadable: 'damaged', detail: 'it is not a JSON object' }
  }
  const { evergrant, generation, keyId, iv, data, tag } = value as Record<string, unknown>
  if (typeof evergrant === 'number' && evergrant > formatVersion) {
    return { unreadable: 'later-version', detail: `it has format version ${evergrant}` }
  }
  if (
    evergrant !== formatVersion ||
    typeof generation !== 'number' ||
    !Number.isSafeInteger(generation) ||
    typeof keyId !== 'string' ||
    typeof iv !== 'string' ||
    typeof data !== 'string' ||
    typeof tag !== 'string'
  ) {
    return { unreadable: 'damaged', detail: 'a member is missing or wrong' }
  }
  return { generation, keyId, iv, data, tag }
}

function associatedData(name: RecordName, generation: number): Buffer {
  return Buffer.from(JSON.stringify(['evergrant', formatVersion, name.kind, name.id, generation]))
}
