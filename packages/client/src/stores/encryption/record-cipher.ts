import type { KeyObject } from 'node:crypto'
import { createCipheriv, createDecipheriv, createHash, createSecretKey } from 'node:crypto'
import { showRemote } from '@evergrant/core'
import { EvergrantClientError } from '../../lib/errors.ts'
import type { RecordName, StoredRecord } from '../store.ts'
import { initializationVectors } from './initialization-vectors.ts'

const formatVersion = 1
/** The key length of AES-256. */
export const keyLengthBytes = 32
const ivLengthBytes = 12

/**
 * The key of a store, or several: the first encrypts, and all of them open records. With several, you
 * can replace a key while processes with the old one and with the new one work together.
 */
export type StoreKeys = Uint8Array | readonly Uint8Array[]

/** An opened record, or why it cannot be opened. */
export type OpenedRecord =
  | { readonly record: StoredRecord }
  | {
      readonly unreadable: 'damaged' | 'later-version' | 'another-key'
      readonly detail: string
    }

/** Seals and opens record bodies with AES-256-GCM. */
export interface RecordCipher {
  /** The IDs of the keys. The first key encrypts. */
  readonly keyIds: readonly [string, ...string[]]
  seal(name: RecordName, record: StoredRecord): string
  open(name: RecordName, text: string): OpenedRecord
  /** Whether a record is encrypted with the first key. */
  isCurrent(text: string): boolean
}

/**
 * Makes the cipher of a store.
 *
 * The name and generation of the record are authenticated with the body. A record that was copied to
 * another name, or an old record with a new generation, does not open.
 *
 * @param keys - Each has 32 random bytes.
 * @throws EvergrantClientError `INVALID_OPTION` for a key of another length, or for no key
 */
export function recordCipher(keys: StoreKeys): RecordCipher {
  const [newest, ...older] = keyRing(keys)
  const nextVector = initializationVectors(ivLengthBytes)
  const ring = new Map([...older, newest].map(({ keyId, key }) => [keyId, key]))
  const keyIds = [newest.keyId, ...older.map(({ keyId }) => keyId)] as const

  return {
    keyIds,
    seal(name, { generation, body }) {
      const iv = nextVector()
      const cipher = createCipheriv('aes-256-gcm', newest.key, iv)
      cipher.setAAD(associatedData(name, generation))
      const data = Buffer.concat([cipher.update(body, 'utf8'), cipher.final()])
      return `${JSON.stringify({
        format: formatVersion,
        generation,
        keyId: newest.keyId,
        iv: iv.toString('base64'),
        data: data.toString('base64'),
        tag: cipher.getAuthTag().toString('base64'),
      })}\n`
    },
    open(name, text) {
      const sealed = parseSealed(text)
      if ('unreadable' in sealed) return sealed
      const key = ring.get(sealed.keyId)
      if (key === undefined) {
        return { unreadable: 'another-key', detail: otherKey(sealed.keyId, keyIds) }
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
    isCurrent(text) {
      const sealed = parseSealed(text)
      return 'keyId' in sealed && sealed.keyId === newest.keyId
    },
  }
}

/**
 * The ID of a store key. Records and messages name their key by it. It does not reveal the key.
 *
 * @example
 * const id = storeKeyId(key)
 */
export function storeKeyId(key: Uint8Array): string {
  return createHash('sha256').update('store key').update(key).digest('hex').slice(0, 16)
}

interface RingKey {
  readonly keyId: string
  /** Not the bytes: Node.js would convert them with each record. */
  readonly key: KeyObject
}

function keyRing(keys: StoreKeys): readonly [RingKey, ...RingKey[]] {
  const list = keys instanceof Uint8Array ? [keys] : keys
  const [newest, ...older] = list.map((key, index) => {
    if (key.byteLength === keyLengthBytes)
      return { keyId: storeKeyId(key), key: createSecretKey(key) }
    const which = list.length === 1 ? 'it' : `number ${index + 1} of the list`
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The store key cannot be used: ${which} has ${key.byteLength} bytes (expected ${keyLengthBytes} bytes). Create one with randomBytes(${keyLengthBytes}).`,
    )
  })
  if (newest !== undefined) return [newest, ...older]
  throw new EvergrantClientError(
    'INVALID_OPTION',
    'The store key cannot be used: the option "key" is an empty list (expected a key, or a list with the newest key first). Add a key.',
  )
}

function otherKey(keyId: string, keyIds: readonly string[]): string {
  const known = keyIds.map((id) => JSON.stringify(id)).join(', ')
  return `it was encrypted with another key (key ID ${showRemote(keyId)}; this store has ${known})`
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
  const { format, generation, keyId, iv, data, tag } = value as Record<string, unknown>
  if (typeof format === 'number' && format > formatVersion) {
    return { unreadable: 'later-version', detail: `it has format version ${format}` }
  }
  if (
    format !== formatVersion ||
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
  return Buffer.from(JSON.stringify(['record', formatVersion, name.kind, name.id, generation]))
}
