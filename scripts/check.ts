/**
 * `pnpm check`: everything that CI runs, one step after the other, with what each took. Steps go on
 * after a failure, so that one run tells all there is to mend.
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'

const root = path.resolve(import.meta.dirname, '..')

const steps: readonly (readonly [title: string, command: string, ...parameters: string[]])[] = [
  ['format', 'oxfmt', '--check'],
  ['build', 'turbo', 'run', 'build', '--output-logs=errors-only'],
  ['lint', 'oxlint', '--type-aware', '--deny-warnings'],
  ['types of scripts', 'tsc', '--noEmit'],
  ['types', 'turbo', 'run', 'typecheck', '--output-logs=errors-only'],
  ['tests', 'node', 'scripts/test-services.ts', '--', 'turbo', 'run', 'test'],
  // On their own: they count what happens to tokens that live for two seconds.
  ['end to end', 'turbo', 'run', 'e2e'],
  // Written anew from this run: which suites ran depends on the machine, and with them the page.
  ['requirements', 'node', 'scripts/requirements.ts'],
  ['code in pages', 'node', 'scripts/docs-sync.ts', '--check'],
  ['unused code', 'knip'],
  ['packages', 'node', 'scripts/package-check.ts'],
  ['conformance', 'node', 'apps/e2e/src/conformance/run.ts'],
]

const failed: string[] = []
for (const [title, command, ...parameters] of steps) {
  process.stdout.write(`\n── ${title}: ${[command, ...parameters].join(' ')}\n`)
  const startedAt = performance.now()
  const { status, error } = spawnSync(command, parameters, {
    cwd: root,
    stdio: 'inherit',
    // On Windows the commands are .cmd files, which only a shell runs.
    shell: process.platform === 'win32',
  })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  if (status === 0) {
    process.stdout.write(`   ${title}: passed in ${seconds} s\n`)
  } else {
    failed.push(title)
    process.stdout.write(`   ${title}: FAILED in ${seconds} s ${error?.message ?? ''}\n`)
  }
}

if (failed.length > 0) {
  process.stdout.write(`\nFailed: ${failed.join(', ')}\n`)
  process.exitCode = 1
}
process.stdout.write(`\n${steps.length - failed.length} passed, ${failed.length} failed\n`)
