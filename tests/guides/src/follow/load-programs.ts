/**
 * Loads the programs of a page that has no commands but installations: they are parts of a program of the reader, so
 * what can be followed is to save them, to install what they import, and to load them.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { quiet } from './packages.ts'
import type { Packages } from './packages.ts'
import type { Guide } from './plan.ts'
import { runScript } from './terminal.ts'

export interface LoadOptions {
  /** An empty folder. Its parent has the installed packages. */
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
}

const installCommand = /^npm install (?<names>[^\n]*)$/

/** Whether a page has programs, and no command but installations. */
export function isOnlyLoaded({ steps }: Guide): boolean {
  return (
    steps.every((step) => step.kind === 'write' || installCommand.test(step.fence.code.trim())) &&
    steps.some((step) => step.kind === 'write' && step.file.endsWith('.ts'))
  )
}

/** Installs what the programs of these pages import, and what the pages say. */
export async function installImports(
  guides: readonly Guide[],
  packages: Packages,
  { folder, environment }: LoadOptions,
): Promise<void> {
  const imported = guides.flatMap(filesOf).flatMap(([, text]) => importedPackages(text))
  const names = new Set([...imported, ...guides.flatMap(installedNames)])
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  const install = runScript(
    `npm install ${[...quiet, ...packages.argumentsFor([...names])].join(' ')}`,
    { folder, environment, limitMilliseconds: 300_000 },
  )
  if ((await install.ended) !== 0) {
    throw new Error(`What the pages import could not be installed:\n${install.output()}`)
  }
}

/**
 * Saves the programs of a page, and loads each of them.
 *
 * @returns The number of files.
 * @throws If Node.js cannot load one.
 */
export async function loadPrograms(
  guide: Guide,
  { folder, environment }: LoadOptions,
): Promise<number> {
  mkdirSync(folder, { recursive: true })
  const files = new Map(filesOf(guide))
  for (const [file, text] of files) writeFileSync(path.join(folder, file), text)
  for (const file of files.keys()) {
    if (!file.endsWith('.ts')) continue
    const script = `node --input-type=module --eval "await import('./${file}')"`
    const run = runScript(script, { folder, environment, limitMilliseconds: 30_000 })
    const code = await run.ended
    if (code !== 0) {
      const ending = `${guide.page}: ${file} cannot be loaded (exit code ${String(code)})`
      throw new Error(`${ending}.\n${run.output()}`)
    }
  }
  rmSync(folder, { recursive: true })
  return files.size
}

function filesOf({ steps }: Guide): readonly (readonly [string, string])[] {
  return steps.flatMap((step) => (step.kind === 'write' ? [[step.file, step.text] as const] : []))
}

function installedNames({ steps }: Guide): readonly string[] {
  return steps.flatMap((step) => {
    if (step.kind === 'write') return []
    return installCommand.exec(step.fence.code.trim())?.groups?.['names']?.split(' ') ?? []
  })
}

function importedPackages(text: string): readonly string[] {
  return Array.from(text.matchAll(/ from '(?<specifier>[^'.][^']*)'/g), ({ groups }) => {
    const [scope = '', name = ''] = (groups?.['specifier'] ?? '').split('/')
    return scope.startsWith('@') ? `${scope}/${name}` : scope
  }).filter((name) => !isBuiltin(name))
}
