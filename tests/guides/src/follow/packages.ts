/** What a reader installs: the packages of this repository as they would be published. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { packPublished, withNeeds } from '@evergrant/test-kit'
import { root } from '../pages/read-pages.ts'

export interface Packages {
  /** Returns a script whose `npm install` gets the packed packages, and others in the tested version. */
  pinned(script: string): string
  /** Arguments of `npm install` for a package of this repository, and all that it needs. */
  argumentsFor(names: readonly string[]): readonly string[]
}

/** Packs all packages that are published. They must be built. */
export async function packPackages(folder: string): Promise<Packages> {
  const packed = await packPublished(root, folder)

  function argumentsFor(names: readonly string[]): readonly string[] {
    const others = names.filter((name) => !packed.has(name))
    return [...withNeeds(names, packed).map(({ tarball }) => tarball), ...others.map(versioned)]
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
  const file = path.join(root, 'tests/guides/node_modules', name, 'package.json')
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }
  return `${name}@${version}`
}
