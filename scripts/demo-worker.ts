/**
 * `pnpm demo:worker`: builds `evergrant-worker`, and runs its demo with a temporary PostgreSQL.
 *
 *     pnpm demo:worker [--users N] [--expiries N]
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'

const root = path.resolve(import.meta.dirname, '..')
// On Windows the commands are .cmd files, which only a shell runs.
const shell = process.platform === 'win32'

const build = spawnSync(
  'turbo',
  ['run', 'build', '--filter=evergrant-worker', '--output-logs=errors-only'],
  { cwd: root, shell, encoding: 'utf8', env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' } },
)
if (build.status !== 0) {
  process.stderr.write(`${build.stdout}${build.stderr}`)
  process.stderr.write('The demo did not start: the build failed. See the output above.\n')
  process.exit(1)
}
const demo = spawnSync(
  'node',
  [
    'scripts/test-services.ts',
    '--',
    'node',
    '--conditions=workspace:source',
    'apps/refresh-worker/demo/main.ts',
    ...process.argv.slice(2),
  ],
  { cwd: root, shell, stdio: 'inherit' },
)
process.exitCode = demo.status ?? 1
