/** What a reader installs: the packages of this repository as they would be published. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { root } from '../pages/read-pages.ts'

const run = promisify(execFile)

interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/** A packed package. */
interface Packed {
  readonly tarball: string
  /** The packages of this repository that it needs. */
  readonly needs: readonly string[]
}

export interface Packages {
  /** Returns a script whose `npm install` gets the packed packages, and others in the tested version. */
  pinned(script: string): string
  /** Arguments of `npm install` for a package of this repository, and all that it needs. */
  argumentsFor(names: readonly string[]): readonly string[]
}

const published = [
  'packages/core',
  'packages/client',
  'packages/resource-server',
  'packages/authorization-server',
  'packages/doctor',
  'apps/reference-client',
  'apps/refresh-worker',
]

/** Packs all packages that are published. They must be built. */
export async function packPackages(folder: string): Promise<Packages> {
  const packed = new Map<string, Packed>()
  await Promise.all(
    published.map(async (directory) => {
      const target = path.join(folder, path.basename(directory))
      mkdirSync(target, { recursive: true })
      const source = path.join(root, directory)
      await run('pnpm', ['pack', '--pack-destination', target], {
        cwd: source,
        shell: process.platform === 'win32',
      })
      const { name, dependencies = {} } = manifestOf(source)
      const [file = ''] = readdirSync(target)
      const needs = Object.keys(dependencies).filter((one) => dependencies[one]?.startsWith('work'))
      packed.set(name, { tarball: path.join(target, file), needs })
    }),
  )

  function argumentsFor(names: readonly string[]): readonly string[] {
    const own = new Set<string>()
    function add(name: string): void {
      if (own.has(name)) return
      own.add(name)
      packed.get(name)?.needs.forEach(add)
    }
    names.forEach(add)
    return [...own].map((name) => packed.get(name)?.tarball ?? versioned(name))
  }

  return {
    argumentsFor,
    pinned: (script) =>
      // The programs are installed once, and on the path.
      script
        .replaceAll(/\bnpx (?=evergrant)/g, '')
        .replaceAll(/^(?<command>npm install)(?<rest>(?: [^\s\\]+)+)$/gm, (...match) => {
          const { command = '', rest = '' } = match.at(-1) as Record<string, string>
          const words = rest.trim().split(' ')
          const flags = words.filter((word) => word.startsWith('-'))
          const names = words.filter((word) => !word.startsWith('-'))
          return [command, ...quiet, ...flags, ...argumentsFor(names)].join(' ')
        }),
  }
}

/** The registry is asked only for what the cache does not have. */
export const quiet: readonly string[] = [
  '--prefer-offline',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  '--silent',
]

/** A package of others, in the version that this repository tests. */
function versioned(name: string): string {
  const { version } = manifestOf(path.join(root, 'tests/guides/node_modules', name))
  return `${name}@${version}`
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest
}
