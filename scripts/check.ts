/**
 * `pnpm check`: runs every step of CI in order and prints the time of each. It continues after a
 * failure, so that one run shows everything to fix, and repeats the failures at the end, where a
 * truncated log still contains them. A step that passed on the same files does not run again, unless
 * something in it could not run on this machine; `--force` runs all.
 */
import process from 'node:process'
import { openPassedSteps } from './passed-steps.ts'
import { repeatFailures } from './repeat-failures.ts'
import { runCommand } from './run-command.ts'

const steps: readonly (readonly [title: string, command: string, ...parameters: string[]])[] = [
  ['format', 'oxfmt', '--check'],
  ['build', 'turbo', 'run', 'build', '--output-logs=errors-only'],
  ['lint', 'oxlint', '--type-aware', '--deny-warnings'],
  ['types of scripts', 'tsc', '--noEmit'],
  ['types', 'turbo', 'run', 'typecheck', '--output-logs=errors-only'],
  ['tests', 'node', 'scripts/test-services.ts', '--', 'node', 'scripts/test.ts'],
  // Alone, because these tests count events on tokens that live for two seconds.
  ['end to end', 'turbo', 'run', 'e2e'],
  ['documentation site', 'turbo', 'run', 'site'],
  ['API reports', 'node', 'scripts/api-reports.ts', '--check'],
  ['requirements', 'node', '--conditions=evergrant:source', 'scripts/requirements.ts', '--check'],
  ['code in pages', 'node', 'scripts/docs-sync.ts', '--check'],
  ['page of emulated servers', 'node', 'scripts/emulated-servers.ts', '--check'],
  ['page of error codes', 'node', 'scripts/error-codes.ts', '--check'],
  [
    'page of the command line',
    'node',
    '--conditions=evergrant:source',
    'scripts/command-line.ts',
    '--check',
  ],
  [
    'page of the doctor',
    'node',
    '--conditions=evergrant:source',
    'scripts/doctor-rules/main.ts',
    '--check',
  ],
  [
    'pages of the providers',
    'node',
    '--conditions=evergrant:source',
    'scripts/providers.ts',
    '--check',
  ],
  [
    'presets of the playground',
    'node',
    '--conditions=evergrant:source',
    'scripts/playground-presets.ts',
    '--check',
  ],
  [
    'a month in a minute, a few products',
    'node',
    '--conditions=evergrant:source',
    'scripts/simulate/main.ts',
    '--check',
  ],
  ['unused code', 'knip'],
  ['packages', 'node', 'scripts/package-check.ts'],
  ['sizes', 'node', 'scripts/size/main.ts'],
  ['smoke tests', 'node', 'tests/smoke/src/main.ts'],
  ['known vulnerabilities', 'node', 'scripts/audit.ts'],
  // The tutorial runs the demo.
  [
    'guides, word for word',
    'node',
    'scripts/test-services.ts',
    '--',
    'node',
    '--conditions=evergrant:source',
    'tests/guides/src/main.ts',
  ],
  ['conformance', 'node', 'tests/conformance/src/main.ts'],
  ['interoperation', 'node', 'tests/interop/src/main.ts'],
]

/** Its input is a database on the network. */
const neverRemembered = new Set(['known vulnerabilities'])

/** What the steps print when something is missing on this machine. */
const notRun = /\bNOT RUN\b/u

const force = process.argv.includes('--force')
const before = openPassedSteps()
const failed = new Map<string, readonly string[]>()
for (const [title, command, ...parameters] of steps) {
  if (!force && before.has(title)) {
    process.stdout.write(`── ${title}: passed before on these files\n`)
    continue
  }
  process.stdout.write(`\n── ${title}: ${[command, ...parameters].join(' ')}\n`)
  const startedAt = performance.now()
  const { succeeded, lines } = await runCommand(command, parameters)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  if (!succeeded) failed.set(title, lines)
  else if (!neverRemembered.has(title) && !lines.some((line) => notRun.test(line)))
    before.add(title)
  process.stdout.write(`   ${title}: ${succeeded ? 'passed' : 'FAILED'} in ${seconds} s\n`)
}

for (const [title, lines] of failed) repeatFailures(title, lines)
process.stdout.write(`\n${steps.length - failed.size} passed, ${failed.size} failed\n`)
if (failed.size > 0) process.exitCode = 1
