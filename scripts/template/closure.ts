import type { Workspace } from './workspaces.ts'

/** Which apps a project keeps, by their folders in `apps/`, or everything. */
export type Keep = 'all' | readonly string[]

/** What remains. */
export interface Remains {
  /** The folders of the workspaces that stay. */
  readonly folders: ReadonlySet<string>
  /** The libraries that come from npm instead. */
  readonly fromRegistry: readonly Workspace[]
}

/**
 * The workspaces that stay: the apps, what they depend on, and the tests of nothing else.
 *
 * @param otherNeeds - By folder: what a workspace reads without depending on it. `docs` is a need too.
 */
export function remaining(
  workspaces: readonly Workspace[],
  keep: Keep,
  packages: 'workspace' | 'published',
  otherNeeds: Readonly<Record<string, readonly string[]>> = {},
): Remains {
  if (keep === 'all') {
    return { folders: new Set(workspaces.map(({ folder }) => folder)), fromRegistry: [] }
  }
  const byFolder = new Map(workspaces.map((workspace) => [workspace.folder, workspace]))
  const folders = new Set<string>()
  const fromRegistry = new Map<string, Workspace>()
  function add(folder: string): void {
    const workspace = byFolder.get(folder)
    if (workspace === undefined || folders.has(folder)) return
    if (packages === 'published' && isLibrary(workspace)) {
      fromRegistry.set(folder, workspace)
      return
    }
    folders.add(folder)
    workspace.needs.forEach(add)
  }
  for (const app of keep) add(`apps/${app}`)
  // Tests can depend on tests: repeat until nothing is added.
  for (let size = -1; size !== folders.size;) {
    size = folders.size
    for (const { folder, needs } of workspaces) {
      const all = [...needs, ...(otherNeeds[folder] ?? [])]
      if (folder.startsWith('tests/') && all.every((need) => folders.has(need))) folders.add(folder)
    }
  }
  return { folders, fromRegistry: [...fromRegistry.values()] }
}

/** Whether a workspace can come from npm. */
function isLibrary({ folder, isPublished }: Workspace): boolean {
  return isPublished && folder.startsWith('packages/')
}
