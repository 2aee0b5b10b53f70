import type { Stats } from 'node:fs'
import { constants, lstat, mkdir, open, readlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { EvergrantClientError } from '../../lib/errors.ts'
import { ownerOnlyFolder } from './durable-file.ts'
import { hasCode } from './system-error.ts'

type Kind = 'folder' | 'file'

/** Write access of the group and of all others. */
const othersMayWrite = 0o022

/**
 * Refuses a folder or file in which another user of this machine could plant or replace what this
 * process trusts: a symbolic link, anything that another user owns, and what the group or all
 * users may write. What is missing, or cannot be looked at, passes. On Windows only the link and the kind are checked:
 * Node.js sees neither owner nor access list there.
 *
 * It looks once, before the path is used. It finds what was planted earlier and settings that would
 * allow it later. It does not stop a program of the same user or of root, and not a user who may
 * rename the path in the folder above between the check and its use: keep that folder your own, or
 * sticky as `/tmp` is. Nothing above the path is checked.
 *
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`, with the command that cures it.
 */
export async function assertPrivatePath(target: string, kind: Kind): Promise<void> {
  // A slash at the end would make lstat follow the link.
  const file = path.resolve(target)
  const found = await lstat(file).catch(() => undefined)
  if (found === undefined) return
  if (found.isSymbolicLink()) throw await isLink(file, kind)
  assertPrivate(file, kind, found)
}

/**
 * Makes a folder for its owner alone where it is missing, after the checks of
 * {@link assertPrivatePath}: before, for a link that leads nowhere, and again for what came between.
 *
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`; the system's error where the folder
 *   cannot be made.
 */
export async function preparePrivateFolder(folder: string): Promise<void> {
  await assertPrivatePath(folder, 'folder')
  await mkdir(folder, { recursive: true, mode: ownerOnlyFolder })
  await assertPrivatePath(folder, 'folder')
}

/**
 * Reads a file that must be this user's alone, after the checks of {@link assertPrivatePath}. What
 * is checked is what is read: the file is opened first.
 *
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`; the system's error where the file is
 *   missing or cannot be read.
 */
export async function readPrivateFile(target: string): Promise<string> {
  const file = path.resolve(target)
  // Windows has neither flag: links are found by name there.
  if (process.platform === 'win32') await assertPrivatePath(file, 'file')
  // Not blocking: a pipe with no writer would never open.
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
    throw unsafe(file, `it is not a ${kind} (expected a ${kind}). Move what is there away`)
  }
  const user = process.geteuid?.()
  if (user === undefined) return
  if (found.uid !== user) {
    throw unsafe(
      file,
      `it belongs to user ID ${found.uid} (expected ${user}, the user of this process). Run this program as the user who owns it, without sudo, or use a ${kind} of your own`,
    )
  }
  if ((found.mode & othersMayWrite) !== 0) {
    const rights = (found.mode & 0o777).toString(8).padStart(3, '0')
    throw unsafe(
      file,
      `other users may write to it (mode ${rights}; expected write access for the owner only). Check that nothing in it is foreign, then run: chmod go-w ${shellQuoted(file)}`,
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
    `it is a symbolic link to ${JSON.stringify(leadsTo)} (expected a ${kind}). Use the path that it leads to, or remove the link: rm ${shellQuoted(file)}`,
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
