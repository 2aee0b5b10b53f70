/**
 * Packs every published package and checks the tarball with publint and @arethetypeswrong: its
 * contents, that every entry point resolves, and that types and code agree.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { packPublished } from '../packages/test-kit/src/packed-packages.ts'

const root = path.resolve(import.meta.dirname, '..')
const work = mkdtempSync(path.join(tmpdir(), 'evergrant-pack-'))
// On Windows the commands are .cmd files, which only a shell runs.
const shell = process.platform === 'win32'

try {
  for (const { name, tarball } of (await packPublished(root, work)).values()) {
    run('publint', ['run', tarball, '--strict'])
    run('attw', [tarball, '--profile', 'esm-only', '--no-emoji', '--format', 'ascii'])
    process.stdout.write(`${name}: the package is valid\n`)
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}

function run(command: string, parameters: readonly string[]): void {
  try {
    execFileSync(command, parameters, { cwd: root, stdio: 'pipe', encoding: 'utf8', shell })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    process.stderr.write(`${command} ${parameters.join(' ')}\n${stdout}${stderr}\n`)
    process.exitCode = 1
    throw error
  }
}
