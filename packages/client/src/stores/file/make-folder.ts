import { mkdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { ownerOnlyFolder } from './durable-file.ts'
import { hasCode } from './system-error.ts'

/**
 * Creates a folder for its owner only, and the missing folders above it.
 *
 * `mkdir` with `recursive` never returns on a file system that refuses new folders with ENOENT, such
 * as `/proc`. It blocks a thread that no signal ends.
 *
 * @throws The system error if a folder cannot be created.
 */
export async function makeFolder(folder: string): Promise<void> {
  const parent = path.dirname(folder)
  try {
    await makeOnce(folder)
  } catch (error) {
    // If the parent exists, ENOENT means that the file system has no new folders.
    if (!hasCode(error, 'ENOENT') || parent === folder || (await isPresent(parent))) throw error
    await makeFolder(parent)
    await makeOnce(folder)
  }
}

async function makeOnce(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: ownerOnlyFolder })
  } catch (error) {
    // The name exists, also at the root of a drive and in a read-only file system.
    if (
      !(await stat(folder).then(
        (found) => found.isDirectory(),
        () => false,
      ))
    )
      throw error
  }
}

async function isPresent(folder: string): Promise<boolean> {
  return await stat(folder).then(
    () => true,
    () => false,
  )
}
