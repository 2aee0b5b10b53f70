import path from 'node:path'
import { EvergrantClientError } from '@evergrant/client'
import { assertPrivatePath, preparePrivateFolder } from '@evergrant/client/stores/file'
import envPaths from 'env-paths'
import { CliError } from '../lib/errors.ts'
import { fileAdvice } from '../lib/file-advice.ts'
import { commandName, variables } from '../names.ts'

/** Where the program keeps its state. */
export interface Home {
  readonly folder: string
  /** The encrypted records. */
  readonly storeFolder: string
  /** Records which kind of key the store uses. */
  readonly keyRecordFile: string
  /** Locked while a key is created in the keychain. */
  readonly keyLockFile: string
  /** The key, if it is kept in a file: next to the store, never inside it. */
  readonly keyFile: string
}

/**
 * Finds the folder for the program's state, and creates it for its owner only if it is missing.
 * Refuses a folder or file that another user could have prepared: with a key they know, or a lock
 * that links elsewhere, that user would control the store.
 *
 * @throws CliError `HOME_UNUSABLE`
 */
export async function openHome(env: Readonly<Record<string, string | undefined>>): Promise<Home> {
  const given = env[variables.home]
  const folder =
    given === undefined || given === ''
      ? envPaths(commandName, { suffix: '' }).data
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

/** The error for a home that cannot be read or written, or that another user could have prepared. */
export function homeUnusable(target: string, cause: unknown): CliError {
  const otherHome = `Or set ${variables.home} to another folder.`
  if (EvergrantClientError.is(cause)) {
    return new CliError('HOME_UNUSABLE', `${cause.message} ${otherHome}`, { cause })
  }
  const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return new CliError(
    'HOME_UNUSABLE',
    `${JSON.stringify(target)} cannot be used${reason} (expected a path that this user can read and write). ${fileAdvice(cause)} ${otherHome}`,
    { cause },
  )
}
