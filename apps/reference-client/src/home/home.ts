import path from 'node:path'
import { EvergrantClientError } from '@evergrant/client'
import { assertPrivatePath, preparePrivateFolder } from '@evergrant/client/stores/file'
import envPaths from 'env-paths'
import { CliError } from '../lib/errors.ts'

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
 * Finds the folder for the program's state and makes it if it is missing, for its owner alone. A
 * folder or file that another user could have prepared is refused: with their key, or with a lock
 * that leads elsewhere, the store would be theirs.
 *
 * @throws CliError `HOME_UNUSABLE`
 */
export async function openHome(env: Readonly<Record<string, string | undefined>>): Promise<Home> {
  const given = env['EVERGRANT_HOME']
  const folder =
    given === undefined || given === ''
      ? envPaths('evergrant', { suffix: '' }).data
      : path.resolve(given)
  const home = {
    folder,
    storeFolder: path.join(folder, 'store'),
    keyRecordFile: path.join(folder, 'key.json'),
    keyLockFile: path.join(folder, 'key.lock'),
    keyFile: path.join(folder, 'store.key'),
  }
  try {
    await preparePrivateFolder(folder)
    await assertPrivatePath(home.storeFolder, 'folder')
    for (const file of [home.keyRecordFile, home.keyLockFile, home.keyFile]) {
      await assertPrivatePath(file, 'file')
    }
  } catch (cause) {
    throw homeUnusable(folder, cause)
  }
  return home
}

/** The error for a home that cannot be read or written, or that others could have prepared. */
export function homeUnusable(target: string, cause: unknown): CliError {
  const otherHome = 'Or name another folder in EVERGRANT_HOME.'
  if (EvergrantClientError.is(cause)) {
    return new CliError('HOME_UNUSABLE', `${cause.message} ${otherHome}`, { cause })
  }
  const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return new CliError(
    'HOME_UNUSABLE',
    `${JSON.stringify(target)} cannot be used${reason} (expected a path that this user can read and write). Correct its permissions. ${otherHome}`,
    { cause },
  )
}
