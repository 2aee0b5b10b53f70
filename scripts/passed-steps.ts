import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import process from 'node:process'

const root = path.resolve(import.meta.dirname, '..')
const folder = path.join(root, 'node_modules', '.cache', 'check')

/** The steps that passed on the files as they are now. */
export interface PassedSteps {
  has(title: string): boolean
  add(title: string): void
}

/**
 * Remembers the steps that passed on exactly these files, with this Node.js and these environment
 * variables of the tests. turbo remembers the tasks of one package. Most steps read the whole
 * repository, so any change of a file runs them again.
 *
 * Without git, or in a folder that is not a clone, nothing is remembered.
 */
export function openPassedSteps(): PassedSteps {
  const tree = treeOfFiles()
  if (tree === undefined) return { has: () => false, add: () => {} }
  const file = path.join(folder, `${keyOf(tree)}.json`)
  const passed = new Set<string>()
  if (existsSync(file)) {
    for (const title of JSON.parse(readFileSync(file, 'utf8')) as string[]) passed.add(title)
  }
  return {
    has: (title) => passed.has(title),
    add(title) {
      passed.add(title)
      mkdirSync(folder, { recursive: true })
      writeFileSync(file, JSON.stringify([...passed]))
    },
  }
}

/**
 * The git tree of the files as they are, changed and new ones included. Git reads only what changed
 * since its index. The index and the objects of the repository stay as they are.
 */
function treeOfFiles(): string | undefined {
  mkdirSync(folder, { recursive: true })
  const scratch = mkdtempSync(path.join(folder, 'tree-'))
  const git = (parameters: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    execFileSync('git', parameters, {
      cwd: root,
      env: { ...process.env, ...env },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  const inGit = (name: string) => path.resolve(root, git(['rev-parse', '--git-path', name]))
  try {
    const index = path.join(scratch, 'index')
    copyFileSync(inGit('index'), index)
    const env = {
      GIT_INDEX_FILE: index,
      GIT_OBJECT_DIRECTORY: scratch,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: inGit('objects'),
    }
    git(['add', '--all'], env)
    return git(['write-tree'], env)
  } catch {
    return undefined
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function keyOf(tree: string): string {
  const names = Object.keys(process.env).filter((name) => name.startsWith('EVERGRANT_'))
  const variables = names
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => [name, process.env[name]])
  const parts = [tree, process.version, process.platform, process.arch, variables]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
