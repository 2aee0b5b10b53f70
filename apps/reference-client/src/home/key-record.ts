import { randomBytes } from 'node:crypto'
import { link, open, readFile, rm } from 'node:fs/promises'
import { CliError } from '../lib/errors.ts'
import { homeUnusable } from './home.ts'
import { commandName } from '../names.ts'

/** Where a store key can be kept. */
export type KeyKind = 'keychain' | 'key-file' | 'passphrase'

/** The choice of key, recorded when the store was created. Contains no secret. */
export interface KeyRecord {
  readonly version: 1
  readonly kind: KeyKind
  /** The salt of a passphrase, in base64. */
  readonly salt?: string
  /** Identifies the key without revealing it. */
  readonly fingerprint: string
}

const keyKinds: readonly KeyKind[] = ['keychain', 'key-file', 'passphrase']

export function isKeyKind(value: unknown): value is KeyKind {
  return keyKinds.some((kind) => kind === value)
}

/** Reads the recorded choice; `undefined` if there is none yet. */
export async function readKeyRecord(file: string): Promise<KeyRecord | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw homeUnusable(file, error)
  }
  const record = parse(text)
  if (record !== undefined) return record
  throw new CliError(
    'STORE_KEY_UNAVAILABLE',
    `${JSON.stringify(file)} does not say which key the store uses: it is damaged, or a later version wrote it. Restore it or update ${commandName}. To start over, remove its folder and sign in again.`,
  )
}

/** Records a choice, unless another process was first. Read the record afterwards to know which. */
export async function createKeyRecord(file: string, record: KeyRecord): Promise<void> {
  const temporary = `${file}.${process.pid}-${randomBytes(6).toString('hex')}`
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(`${JSON.stringify(record)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    // link() fails if the file exists, so exactly one of several processes decides.
    await link(temporary, file)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw homeUnusable(file, error)
  } finally {
    await rm(temporary, { force: true })
  }
}

function parse(text: string): KeyRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { version, kind, salt, fingerprint } = value as Partial<Record<keyof KeyRecord, unknown>>
  if (version !== 1 || !isKeyKind(kind) || typeof fingerprint !== 'string') return undefined
  if (kind !== 'passphrase') return { version, kind, fingerprint }
  return typeof salt === 'string' ? { version, kind, salt, fingerprint } : undefined
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
