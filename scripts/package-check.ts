/**
 * Packs every published package and checks the tarball with publint and @arethetypeswrong: its
 * contents, that every entry point resolves, and that types and code agree.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'

const root = path.resolve(import.meta.dirname, '..')
const folders = ['packages', 'apps'].flatMap((parent) =>
  readdirSync(path.join(root, parent)).map((name) => path.join(root, parent, name)),
)
const work = mkdtempSync(path.join(tmpdir(), 'evergrant-pack-'))
// On Windows the commands are .cmd files, which only a shell runs.
const shell = process.platform === 'win32'

try {
  for (const folder of folders) {
    const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
      name: string
      private?: boolean
    }
    if (manifest.private === true) continue
    const target = path.join(work, manifest.name.replaceAll(/[@/]/g, '-'))
    execFileSync('pnpm', ['pack', '--pack-destination', target], {
      cwd: folder,
      stdio: 'pipe',
      shell,
    })
    const [tarball = ''] = readdirSync(target)
    const file = path.join(target, tarball)
    run('publint', ['run', file, '--strict'])
    run('attw', [file, '--profile', 'esm-only', '--no-emoji', '--format', 'ascii'])
    process.stdout.write(`${manifest.name}: the package is valid\n`)
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
