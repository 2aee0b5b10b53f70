/**
 * `pnpm demo`: builds the packages that the demo uses, and runs it.
 *
 *     pnpm demo [--seconds N] [--browser]
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'

const root = path.resolve(import.meta.dirname, '..')
// On Windows the commands are .cmd files, which only a shell runs.
const shell = process.platform === 'win32'

process.stdout.write(
  `Node.js ${process.versions.node}, installed in node_modules, runs this demo: the TypeScript sources need it, whichever Node.js you have.\n\n`,
)

const build = spawnSync(
  'turbo',
  ['run', 'build', '--filter=@evergrant/e2e^...', '--output-logs=errors-only'],
  { cwd: root, shell, encoding: 'utf8', env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' } },
)
if (build.status !== 0) {
  process.stderr.write(`${build.stdout}${build.stderr}`)
  process.stderr.write('The demo did not start: the build failed. See the output above.\n')
  process.exit(1)
}
const demo = spawnSync('node', ['tests/e2e/src/main.ts', ...process.argv.slice(2)], {
  cwd: root,
  shell,
  stdio: 'inherit',
})
process.exitCode = demo.status ?? 1
