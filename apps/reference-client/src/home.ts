import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import envPaths from 'env-paths'
import { CliError } from './errors.ts'

/** Where the program keeps its state. */
export interface Home {
  readonly folder: string
  /** The encrypted records. */
  readonly storeFolder: string
  /** Which kind of key the store was begun with. */
  readonly keyRecordFile: string
  /** Locked while a key is made in the keychain. */
  readonly keyLockFile: string
  /** The key itself, where it is kept in a file: beside the store, never inside. */
  readonly keyFile: string
}

/**
 * Finds the folder for the program's state and makes it if it is missing, for its owner alone.
 *
 * @throws CliError `HOME_UNUSABLE`
 */
export async function openHome(env: Readonly<Record<string, string | undefined>>): Promise<Home> {
  const given = env['EVERGRANT_HOME']
  const folder =
    given === undefined || given === ''
      ? envPaths('evergrant', { suffix: '' }).data
      : path.resolve(given)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw homeUnusable(folder, cause)
  }
  return {
    folder,
    storeFolder: path.join(folder, 'store'),
    keyRecordFile: path.join(folder, 'key.json'),
    keyLockFile: path.join(folder, 'key.lock'),
    keyFile: path.join(folder, 'store.key'),
  }
}

/** The error for a home that cannot be read or written. */
export function homeUnusable(target: string, cause: unknown): CliError {
  const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return new CliError(
    'HOME_UNUSABLE',
    `${JSON.stringify(target)} cannot be used${reason}: it must be readable and writable by this user. Mend its permissions, or name another folder in EVERGRANT_HOME.`,
    { cause },
  )
}
