import { readFileSync } from 'node:fs'

/** A published package, and the entry points that the API reference describes. */
export interface ApiPackage {
  readonly name: string
  /** Names of files in `src`, without the extension. The first is `index`. */
  readonly entries: readonly string[]
}

/** The published packages, in the order of the sidebar. */
export const apiPackages: readonly ApiPackage[] = [
  'core',
  'client',
  'resource-server',
  'authorization-server',
  'doctor',
].map((name) => ({ name, entries: entriesOf(name) }))

/** What `exports` of the package lists. Each subpath is the file of that name in `src`. */
function entriesOf(name: string): readonly string[] {
  const manifest = new URL(`../../../packages/${name}/package.json`, import.meta.url)
  const { exports: published } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    readonly exports: Readonly<Record<string, unknown>>
  }
  return Object.keys(published)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => (subpath === '.' ? 'index' : subpath.slice('./'.length)))
}
