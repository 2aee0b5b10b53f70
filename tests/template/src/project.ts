/** A copy of this repository outside the workspace, with a git repository of its own. */
import { execFile, spawn } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Project {
  readonly folder: string
  /** Runs a program in the folder. Its output is shown if it fails. */
  run(program: string, ...parameters: readonly string[]): Promise<void>
  /** Runs git in the folder, and returns its output. */
  git(...parameters: readonly string[]): Promise<string>
}

/** Copies what git tracks, and what it does not ignore, and installs what the template needs. */
export async function createProject(root: string, folder: string): Promise<Project> {
  mkdirSync(folder, { recursive: true })
  const project: Project = {
    folder,
    run: (program, ...parameters) => runQuietly(folder, program, parameters),
    git: async (...parameters) => await git(folder, parameters),
  }
  const list = await git(root, ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
  const deleted = new Set((await git(root, ['ls-files', '-z', '--deleted'])).split('\0'))
  for (const file of list.split('\0')) {
    if (file === '' || deleted.has(file)) continue
    cpSync(path.join(root, file), path.join(folder, file))
  }
  await project.git('init', '--quiet')
  await project.git('add', '--all')
  const author = ['-c', 'user.name=template', '-c', 'user.email=template@example.com']
  await project.git(...author, 'commit', '--quiet', '--message', 'A clone')
  // The dependencies of the root are those of the script.
  const install = ['install', '--frozen-lockfile', '--prefer-offline', '--filter', '{.}']
  await project.run('pnpm', ...install)
  return project
}

async function git(folder: string, parameters: readonly string[]): Promise<string> {
  const { stdout } = await run('git', parameters, { cwd: folder, maxBuffer: 2 ** 26 })
  return stdout
}

async function runQuietly(
  folder: string,
  program: string,
  parameters: readonly string[],
): Promise<void> {
  const child = spawn(program, parameters, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: cleanEnvironment(),
    // On Windows pnpm is a .cmd file, which only a shell runs.
    shell: process.platform === 'win32',
  })
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text))
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code === 0) return
  throw new Error(`${program} ${parameters.join(' ')} ended with ${code}:\n${output.join('')}`)
}

/** The environment of a user: what pnpm sets for this workspace is not theirs. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) =>
      !/^(?:INIT_CWD|NODE_OPTIONS|PNPM_SCRIPT_SRC_DIR|npm_(?:lifecycle|package|command).*)$/.test(
        name,
      ),
  )
  return { ...Object.fromEntries(own), CI: 'true' }
}
