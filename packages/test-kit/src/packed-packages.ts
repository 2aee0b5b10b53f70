/** The packages of a workspace as they would be published. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'

const run = promisify(execFile)

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
}

export interface PackedPackage {
  readonly name: string
  /** Its folder in the workspace. */
  readonly folder: string
  readonly tarball: string
  /** What can be imported: `@evergrant/client/fetch`, … */
  readonly entries: readonly string[]
  /** The packages of this workspace that it needs. */
  readonly needs: readonly string[]
}

/**
 * Packs every package of a workspace that is published. They must be built.
 *
 * @param root - The workspace.
 * @param target - An empty folder.
 */
export async function packPublished(
  root: string,
  target: string,
): Promise<ReadonlyMap<string, PackedPackage>> {
  const folders = ['packages', 'apps'].flatMap((parent) =>
    readdirSync(path.join(root, parent)).map((name) => path.join(root, parent, name)),
  )
  const packed = await Promise.all(
    folders.map(async (folder) => {
      const { name, exports = {}, dependencies = {}, ...manifest } = manifestOf(folder)
      if (manifest.private === true) return []
      const own = path.join(target, path.basename(folder))
      mkdirSync(own, { recursive: true })
      await run('pnpm', ['pack', '--pack-destination', own], {
        cwd: folder,
        shell: process.platform === 'win32',
      })
      const [file = ''] = readdirSync(own)
      return {
        name,
        folder,
        tarball: path.join(own, file),
        entries: Object.keys(exports)
          .filter((entry) => !entry.endsWith('.json'))
          .map((entry) => path.posix.join(name, entry)),
        needs: Object.keys(dependencies).filter((one) => dependencies[one]?.startsWith('work')),
      }
    }),
  )
  return new Map(packed.flat().map((one) => [one.name, one]))
}

/** These packages, and those of the workspace that they need. */
export function withNeeds(
  names: readonly string[],
  packed: ReadonlyMap<string, PackedPackage>,
): readonly PackedPackage[] {
  const found = new Map<string, PackedPackage>()
  function add(name: string): void {
    const one = packed.get(name)
    if (one === undefined || found.has(name)) return
    found.set(name, one)
    one.needs.forEach(add)
  }
  names.forEach(add)
  return [...found.values()]
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest
}
