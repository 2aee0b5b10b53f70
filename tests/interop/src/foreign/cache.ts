import { createHash } from 'node:crypto'
import { access, mkdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import process from 'node:process'

/** Where the programs of this folder's manifests are kept. Never within the repository. */
function cacheRoot(): string {
  const { EVERGRANT_INTEROP_CACHE, LOCALAPPDATA, XDG_CACHE_HOME } = process.env
  if (EVERGRANT_INTEROP_CACHE !== undefined && EVERGRANT_INTEROP_CACHE !== '') {
    return path.resolve(EVERGRANT_INTEROP_CACHE)
  }
  const ofSystem: Partial<Record<NodeJS.Platform, string | undefined>> = {
    win32: LOCALAPPDATA ?? path.join(homedir(), 'AppData', 'Local'),
    darwin: path.join(homedir(), 'Library', 'Caches'),
  }
  const ofUser = ofSystem[process.platform] ?? XDG_CACHE_HOME ?? path.join(homedir(), '.cache')
  return path.join(ofUser, 'evergrant-interop')
}

/** The folder of a peer's sources and manifest, by its name below `tests/interop/foreign`. */
export function sourceFolder(name: string): string {
  return path.join(import.meta.dirname, '..', '..', 'foreign', name)
}

/**
 * A folder of the cache that belongs to exactly this content of the files, so that a changed manifest
 * gets a new one.
 *
 * @param name - Of the peer, and of its source folder.
 * @param files - Names of the files that decide what is built.
 * @param toolchain - What else decides it, such as a version.
 */
export async function cacheFolder(
  name: string,
  files: readonly string[],
  toolchain: string,
): Promise<string> {
  const hash = createHash('sha256').update(toolchain)
  for (const file of files) hash.update(await readFile(path.join(sourceFolder(name), file)))
  const folder = path.join(cacheRoot(), `${name}-${hash.digest('hex').slice(0, 16)}`)
  await mkdir(folder, { recursive: true })
  return folder
}

export async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  )
}
