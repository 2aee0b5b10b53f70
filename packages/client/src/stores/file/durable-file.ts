import { randomBytes } from 'node:crypto'
import { chmod, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'

/** Only the owner can read and write. Windows has no such bits and inherits those of the folder. */
export const ownerOnlyFile = 0o600
export const ownerOnlyFolder = 0o700

const temporaryPrefix = '.writing-'
/** A write takes milliseconds. A temporary file that is this old was left by a crash. */
const leftoverAgeMilliseconds = 60_000
/** On Windows a rename fails while a virus scanner holds the target open. */
const renameAttempts = 5

/**
 * Replaces a file as a whole: a crash at any moment leaves the old content or the new one. When it
 * resolves, the new content is on the disk.
 */
export async function replaceFile(file: string, content: string): Promise<void> {
  // If the file is a link, its target is replaced and the link stays.
  const target = await realpath(file).catch(() => file)
  const folder = path.dirname(target)
  const temporary = path.join(
    folder,
    `${temporaryPrefix}${process.pid}-${randomBytes(6).toString('hex')}`,
  )
  try {
    const handle = await open(temporary, 'wx', ownerOnlyFile)
    try {
      await handle.writeFile(content, 'utf8')
      await handle.sync()
    } finally {
      await handle.close()
    }
    await renameWithRetries(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(folder)
}

/** Removes temporary files that a crash left in a folder. */
export async function sweepLeftovers(folder: string, nowEpochMilliseconds: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(temporaryPrefix)) continue
    const file = path.join(folder, name)
    const modified = await stat(file).then(
      (found) => found.mtimeMs,
      () => nowEpochMilliseconds,
    )
    if (nowEpochMilliseconds - modified > leftoverAgeMilliseconds) await rm(file, { force: true })
  }
}

/** Removes the permissions of the group and of others, if the platform has them. */
export async function restrictToOwner(target: string, mode: number): Promise<void> {
  if (process.platform === 'win32') return
  const { mode: current } = await stat(target)
  if ((current & 0o077) !== 0) await chmod(target, mode)
}

async function renameWithRetries(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await rename(from, to)
      return
    } catch (error) {
      if (process.platform !== 'win32' || attempt === renameAttempts) throw error
      await new Promise((resolve) => {
        setTimeout(resolve, attempt * 20)
      })
    }
  }
}

/** Makes a new file name in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  // A file name is durable when its folder is synced. Windows does not need this.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
