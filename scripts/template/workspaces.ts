import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** The members of a manifest that the template reads. */
export interface Manifest {
  readonly name: string
  readonly version?: string
  readonly description?: string
  readonly private?: boolean
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** A package, an app or tests in this repository. */
export interface Workspace {
  /** `packages/client` */
  readonly folder: string
  readonly name: string
  readonly version: string
  readonly description: string
  /** Whether it is published to npm. */
  readonly isPublished: boolean
  /** The folders of the workspaces that it depends on, for development too. */
  readonly needs: readonly string[]
  readonly scripts: readonly string[]
}

/** Reads the manifests of all workspaces. */
export function readWorkspaces(root: string): readonly Workspace[] {
  const found = globSync('{packages,apps,tests}/*/package.json', { cwd: root })
    .map((file) => path.dirname(file).replaceAll('\\', '/'))
    .toSorted()
    .map((folder) => ({ folder, manifest: readManifest(path.join(root, folder)) }))
  const folders = new Map(found.map(({ folder, manifest }) => [manifest.name, folder]))
  return found.map(({ folder, manifest }) => ({
    folder,
    name: manifest.name,
    version: manifest.version ?? '0.0.0',
    description: manifest.description ?? '',
    isPublished: manifest.private !== true,
    needs: Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
      .filter(([, range]) => range.startsWith('workspace:'))
      .flatMap(([name]) => folders.get(name) ?? []),
    scripts: Object.keys(manifest.scripts ?? {}),
  }))
}

export function readManifest(folder: string): Manifest {
  const file = path.join(folder, 'package.json')
  if (!existsSync(file)) throw new Error(`${file} does not exist (expected a package). Restore it.`)
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest
}
