/** A project outside the workspace, as a user makes it: the tarballs, and what they need beside them. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import type { PackedPackage } from '@evergrant/test-kit'

const run = promisify(execFile)
const packageRoot = path.resolve(import.meta.dirname, '..')

export type PackageManager = 'npm' | 'pnpm'

export interface ScratchProject {
  readonly name: string
  readonly folder: string
  /**
   * Runs a program with its arguments in the folder.
   *
   * @returns Its standard output.
   * @throws With both outputs, if it fails.
   */
  run(program: string, parameters: readonly string[]): Promise<string>
}

/** Optional peers of the packages, and the types that their users have. */
const peers = [
  '@modelcontextprotocol/client',
  '@modelcontextprotocol/sdk',
  '@modelcontextprotocol/server',
  '@opentelemetry/api',
  '@types/express',
  '@types/node',
  '@types/oidc-provider',
  '@types/pg',
  'express',
  'oidc-provider',
  'pg',
  'redis',
  'undici',
]

/** Installs every package and every peer, in the versions that this repository tests. */
export async function createScratchProject(
  manager: PackageManager,
  folder: string,
  packed: ReadonlyMap<string, PackedPackage>,
): Promise<ScratchProject> {
  mkdirSync(folder, { recursive: true })
  const tarballs = Object.fromEntries(
    [...packed.values()].map(({ name, tarball }) => [name, `file:${tarball}`]),
  )
  const dependencies = {
    ...tarballs,
    ...Object.fromEntries(peers.map((name) => [name, versionOf(name)])),
  }
  const manifest = { name: `smoke-${manager}`, private: true, type: 'module', dependencies }
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2))
  if (manager === 'pnpm') {
    // Without this, pnpm asks the registry for what the tarballs need of each other.
    const overrides = Object.entries(tarballs).map(([name, file]) => `  '${name}': '${file}'`)
    // No package may need a script at its installation.
    const settings = ['strictDepBuilds: false', 'overrides:', ...overrides, '']
    writeFileSync(path.join(folder, 'pnpm-workspace.yaml'), settings.join('\n'))
  }
  const project: ScratchProject = {
    name: manager,
    folder,
    async run(program, parameters) {
      try {
        const { stdout } = await run(program, parameters, {
          cwd: folder,
          encoding: 'utf8',
          maxBuffer: 2 ** 24,
          timeout: 300_000,
          env: cleanEnvironment(),
          shell: process.platform === 'win32',
        })
        return stdout
      } catch (error) {
        const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
        throw new Error(
          `${manager}: ${program} ${parameters.join(' ')} failed:\n${stdout}${stderr}`,
          {
            cause: error,
          },
        )
      }
    },
  }
  const install = ['install', '--prefer-offline', '--silent', '--ignore-scripts']
  await project.run(manager, manager === 'npm' ? [...install, '--no-audit', '--no-fund'] : install)
  return project
}

/** The version of a package that this repository tests. */
function versionOf(name: string): string {
  const file = path.join(packageRoot, 'node_modules', name, 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}

/** The environment of a new user: no conditions and no settings of the workspace. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(?:EVERGRANT_|NODE_OPTIONS$|npm_(?:lifecycle|package|command))/.test(name),
  )
  return { ...Object.fromEntries(own), CI: 'true' }
}
