/** Removes from the settings of tools what is about files that are gone. */
import type { JSONPath } from 'jsonc-parser'
import { readJsonc, withoutPaths } from './jsonc.ts'

/** What remains, for a setting that names it. */
export interface Present {
  /** Whether a path or a pattern names something. */
  readonly matches: (pattern: string) => boolean
  /** The names of the workspaces that remain. */
  readonly packageNames: ReadonlySet<string>
  /** The names of the scripts that a workspace has. */
  readonly tasks: ReadonlySet<string>
}

type Entry = readonly [key: string, value: unknown]

/** `knip.jsonc`: the workspaces. */
export function prunedKnip(text: string, { matches }: Present, gone: ReadonlySet<string>): string {
  const { workspaces = {} } = readJsonc(text) as {
    workspaces?: Record<string, { ignoreDependencies?: string[] }>
  }
  const paths = Object.entries(workspaces).flatMap(([key, { ignoreDependencies = [] }]) => {
    if (key !== '.' && !matches(key)) return [['workspaces', key]]
    const list: JSONPath = ['workspaces', key, 'ignoreDependencies']
    const ignored = ignoreDependencies.flatMap((name, index) => (gone.has(name) ? [index] : []))
    if (ignored.length === ignoreDependencies.length && ignored.length > 0) return [list]
    return ignored.map((index) => [...list, index])
  })
  return withoutPaths(text, paths)
}

/** `turbo.json`: tasks, and the files that they read. */
export function prunedTurbo(text: string, { matches, packageNames, tasks }: Present): string {
  const { tasks: all = {}, globalDependencies = [] } = readJsonc(text) as {
    tasks?: Record<string, { inputs?: string[] }>
    globalDependencies?: string[]
  }
  const paths = Object.entries(all).flatMap(([key, { inputs = [] }]): JSONPath[] => {
    const [name = '', task] = key.split('#')
    const stays = task === undefined ? tasks.has(name) : packageNames.has(name)
    if (!stays) return [['tasks', key]]
    return missing(inputs, (input) => {
      const [, file] = /^!?\$TURBO_ROOT\$\/(.*)$/.exec(input) ?? []
      return file === undefined || matches(withoutStars(file))
    }).map((index) => ['tasks', key, 'inputs', index])
  })
  const files = missing(globalDependencies, (file) => matches(withoutStars(file)))
  return withoutPaths(text, [...paths, ...files.map((index) => ['globalDependencies', index])])
}

/** `.oxlintrc.json`, `.oxfmtrc.json`, `tsconfig.json`: patterns of files. */
export function prunedPatterns(text: string, { matches }: Present): string {
  const settings = readJsonc(text) as Record<string, unknown>
  const lists = ['ignorePatterns', 'include', 'exclude'].flatMap((key): JSONPath[] => {
    const list = stringsOf(settings[key])
    const gone = missing(list, (pattern) => !isPath(pattern) || matches(withoutStars(pattern)))
    return gone.length === list.length && gone.length > 0
      ? [[key]]
      : gone.map((index) => [key, index])
  })
  const overrides = Array.isArray(settings['overrides']) ? settings['overrides'] : []
  const gone = overrides.flatMap((override: unknown, index): JSONPath[] => {
    const files = stringsOf((override as { files?: unknown }).files)
    const absent = missing(files, (pattern) => !isPath(pattern) || matches(withoutStars(pattern)))
    if (absent.length === files.length && files.length > 0) return [['overrides', index]]
    return absent.map((at) => ['overrides', index, 'files', at])
  })
  return withoutPaths(text, [...lists, ...gone])
}

/** `renovate.json`: rules for files and packages that are gone. */
export function prunedRenovate(text: string, { matches }: Present, texts: string): string {
  const { packageRules = [] } = readJsonc(text) as {
    packageRules?: { matchFileNames?: string[]; matchPackageNames?: string[] }[]
  }
  const gone = packageRules.flatMap(({ matchFileNames, matchPackageNames }, index) => {
    const files = matchFileNames?.some((file) => matches(file)) ?? true
    const used =
      matchPackageNames?.some((name) => texts.includes(`"${name.replace(/\*+$/, '')}`)) ?? true
    return files && used ? [] : [['packageRules', index] as JSONPath]
  })
  return withoutPaths(text, gone)
}

/** Members of an object whose values are kept. */
export function keptEntries<Value extends Entry[1]>(
  record: Readonly<Record<string, Value>>,
  stays: (key: string, value: Value) => boolean,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter(([key, value]) => stays(key, value)))
}

/** The indexes of what is not present. */
function missing(list: readonly string[], isPresent: (entry: string) => boolean): number[] {
  return list.flatMap((entry, index) => (isPresent(entry) ? [] : [index]))
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

/** A pattern that begins with a folder of the repository, and so says whether it has a subject. */
function isPath(pattern: string): boolean {
  return /^(?:apps|docs|packages|scripts|tests)\//.test(pattern)
}

/** `docs/**` names something if the folder exists, and built files need not exist. */
function withoutStars(pattern: string): string {
  const fixed = /^[^*]*/.exec(pattern)?.[0] ?? ''
  if (!fixed.includes('/')) return pattern
  const folder = pattern.includes('*') ? fixed.slice(0, fixed.lastIndexOf('/')) : fixed
  const workspace = /^(?:apps|packages|tests)\/[^/]+/.exec(folder)?.[0]
  return workspace !== undefined && /(?:build|\.docusaurus)(?:\/|$)/.test(folder)
    ? workspace
    : folder
}
