import type { Workspace } from './workspaces.ts'

type Json = Readonly<Record<string, unknown>>
type Ranges = Readonly<Record<string, string>>

const dependencyLists = ['dependencies', 'devDependencies', 'peerDependencies'] as const

/** A manifest with other members, in the same order. */
export function editedManifest(text: string, change: (manifest: Json) => Json): string {
  return `${JSON.stringify(change(JSON.parse(text) as Json), undefined, 2)}\n`
}

/** The license and the home page of a project, in a manifest that has them. */
export function withProject(
  manifest: Json,
  project: { readonly license: string; readonly site: string },
): Json {
  return Object.fromEntries(
    Object.entries(manifest).map(([key, value]) => {
      if (key === 'license') return [key, project.license]
      return key === 'homepage' ? [key, project.site] : [key, value]
    }),
  )
}

/** A manifest that takes libraries from npm instead of the workspace. */
export function withLibraries(manifest: Json, libraries: readonly Workspace[]): Json {
  const ranges = new Map(libraries.map(({ name, version }) => [name, `^${version}`]))
  return Object.fromEntries(
    Object.entries(manifest).map(([key, value]) => {
      if (!dependencyLists.some((list) => list === key)) return [key, value]
      const list = Object.entries(value as Ranges)
      return [
        key,
        Object.fromEntries(list.map(([name, range]) => [name, ranges.get(name) ?? range])),
      ]
    }),
  )
}

/** The names of packages whose version is in the catalog. */
export function catalogNames(manifests: readonly string[]): ReadonlySet<string> {
  const names = manifests.flatMap((text) => {
    const manifest = JSON.parse(text) as Json
    return [...dependencyLists, 'optionalDependencies'].flatMap((list) =>
      Object.entries((manifest[list] ?? {}) as Ranges)
        .filter(([, range]) => range === 'catalog:')
        .map(([name]) => name),
    )
  })
  return new Set(names)
}
