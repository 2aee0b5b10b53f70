import type { Stats } from 'node:fs'
import { constants, lstat, open, readlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { EvergrantClientError } from '../../lib/errors.ts'
import { makeFolder } from './make-folder.ts'
import { hasCode } from './system-error.ts'

type Kind = 'folder' | 'file'

/** Write access of the group and of all others. */
const othersMayWrite = 0o022

/**
 * Refuses a folder or file in which another user of this machine could place or replace data that
 * this process trusts: a symbolic link, a path that another user owns, or one that the group or all
 * users may write to. A missing or unreadable path passes. On Windows only the link and the kind are
 * checked, because Node.js shows neither the owner nor the access list.
 *
 * The path is checked once, before it is used. The check finds data that was placed earlier, and
 * permissions that allow it later. It does not stop a program of the same user or of root, or a user
 * who can rename the path between the check and its use. The folder above must therefore belong to
 * you, or be sticky like `/tmp`. It is not checked.
 *
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`, with the command that corrects it.
 */
export async function assertPrivatePath(target: string, kind: Kind): Promise<void> {
  // With a slash at the end, lstat would follow the link.
  const file = path.resolve(target)
  const found = await lstat(file).catch(() => undefined)
  if (found === undefined) return
  if (found.isSymbolicLink()) throw await isLink(file, kind)
  assertPrivate(file, kind, found)
}

/**
 * Creates a folder for its owner only, if it is missing. The checks of {@link assertPrivatePath} run
 * before, because of broken links, and afterwards.
 *
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`; the system error if the folder
 *   cannot be created.
 */
export async function preparePrivateFolder(folder: string): Promise<void> {
  await assertPrivatePath(folder, 'folder')
  await makeFolder(path.resolve(folder))
  await assertPrivatePath(folder, 'folder')
}

/**
 * Reads a private file, after the checks of {@link assertPrivatePath}. The file is opened first, so
 * that the checked file is the one that is read.
 *
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`; the system error if the file is
 *   missing or cannot be read.
 */
export async function readPrivateFile(target: string): Promise<string> {
  const file = path.resolve(target)
  // Windows has neither flag, so links are found by name there.
  if (process.platform === 'win32') await assertPrivatePath(file, 'file')
  // Without blocking, because a pipe without a writer would never open.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  let handle: FileHandle
  try {
    handle = await open(file, flags)
  } catch (error) {
    // ELOOP on Linux and macOS, EMLINK on FreeBSD.
    if (hasCode(error, 'ELOOP') || hasCode(error, 'EMLINK')) throw await isLink(file, 'file')
    throw error
  }
  try {
    assertPrivate(file, 'file', await handle.stat())
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

function assertPrivate(file: string, kind: Kind, found: Stats): void {
  if (kind === 'folder' ? !found.isDirectory() : !found.isFile()) {
    throw unsafe(file, `it is not a ${kind} (expected a ${kind}). Move it away`)
  }
  const user = process.geteuid?.()
  if (user === undefined) return
  if (found.uid !== user) {
    throw unsafe(
      file,
      `it belongs to user ID ${found.uid} (expected ${user}, the user of this process). Run this program as the owner, without sudo, or use another ${kind}`,
    )
  }
  if ((found.mode & othersMayWrite) !== 0) {
    const rights = (found.mode & 0o777).toString(8).padStart(3, '0')
    throw unsafe(
      file,
      `other users may write to it (mode ${rights}; expected write access for the owner only). Check its content, then run: chmod go-w ${shellQuoted(file)}`,
    )
  }
}

async function isLink(file: string, kind: Kind): Promise<EvergrantClientError> {
  const leadsTo = await readlink(file).then(
    (link) => path.resolve(path.dirname(file), link),
    () => 'elsewhere',
  )
  return unsafe(
    file,
    `it is a symbolic link to ${JSON.stringify(leadsTo)} (expected a ${kind}). Use its target, or remove the link: rm ${shellQuoted(file)}`,
  )
}

function unsafe(file: string, why: string): EvergrantClientError {
  return new EvergrantClientError(
    'TOKEN_STORE_UNAVAILABLE',
    `${JSON.stringify(file)} is not safe for tokens and keys: ${why}.`,
  )
}

/** A path for a command line of a POSIX shell. */
function shellQuoted(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
