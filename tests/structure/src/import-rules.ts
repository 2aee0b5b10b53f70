import path from 'node:path'
import type { SourceFile } from './imports.ts'

/** Which folders of a package's `src` each folder may import from. */
export type FolderRules = Readonly<Record<string, readonly string[]>>

/** The files at the top of `src`: they may import every folder, and no folder may import them. */
const entryPoints = 'entry points'

/**
 * Finds imports between the folders of one package that its rules do not allow.
 *
 * @param workspace - The package's folder, such as `packages/client`.
 * @returns One sentence for each wrong import, and for each folder without a rule.
 */
export function wrongFolderImports(
  workspace: string,
  rules: FolderRules,
  sources: readonly SourceFile[],
): string[] {
  const problems = new Set<string>()
  for (const source of sources) {
    const from = folderOf(workspace, source.path)
    const allowed = rules[from]
    if (allowed === undefined && from !== entryPoints) {
      problems.add(`${workspace}/src/${from} has no import rule. Add one to the structure test.`)
      continue
    }
    for (const specifier of source.imports) {
      if (!specifier.startsWith('.')) continue
      const target = path.posix.join(path.posix.dirname(source.path), specifier)
      if (!target.startsWith(`${workspace}/src/`)) continue
      const to = folderOf(workspace, target)
      if (to === from || from === entryPoints || allowed?.includes(to) === true) continue
      problems.add(
        `${source.path} imports ${target}: ${from} may import ${listed(allowed ?? [])}, not ${to}.`,
      )
    }
  }
  return [...problems]
}

/** Finds folders that import each other, directly or through others, by the rules themselves. */
export function circularRules(rules: FolderRules): string[] {
  const problems: string[] = []
  function follow(folder: string, trail: readonly string[]): void {
    if (trail.includes(folder)) {
      problems.push([...trail.slice(trail.indexOf(folder)), folder].join(' -> '))
      return
    }
    for (const next of rules[folder] ?? []) follow(next, [...trail, folder])
  }
  for (const folder of Object.keys(rules)) follow(folder, [])
  return problems
}

/**
 * Finds relative imports that leave their package: packages use each other by published entry
 * points only. A manifest is not code.
 */
export function importsOutOfPackage(workspace: string, sources: readonly SourceFile[]): string[] {
  return sources.flatMap((source) =>
    source.imports
      .filter((specifier) => specifier.startsWith('.') && !specifier.endsWith('/package.json'))
      .map((specifier) => path.posix.join(path.posix.dirname(source.path), specifier))
      .filter((target) => !target.startsWith(`${workspace}/src/`))
      .map((target) => `${source.path} imports ${target}. Import the package by its name.`),
  )
}

/**
 * Finds imports of other packages of this repository that the layers do not allow.
 *
 * @param allowed - The names of packages that this one may import.
 * @param known - The names of all packages of this repository.
 */
export function wrongPackageImports(
  allowed: readonly string[],
  known: readonly string[],
  sources: readonly SourceFile[],
): string[] {
  return sources.flatMap((source) =>
    source.imports.flatMap((specifier) => {
      const name = known.find((each) => specifier === each || specifier.startsWith(`${each}/`))
      if (name === undefined || allowed.includes(name)) return []
      return [`${source.path} imports ${specifier}, which its layer does not allow.`]
    }),
  )
}

function folderOf(workspace: string, file: string): string {
  const [first = '', ...rest] = file.slice(`${workspace}/src/`.length).split('/')
  return rest.length === 0 ? entryPoints : first
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.join(', ')
}
