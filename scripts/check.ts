/**
 * `pnpm check`: everything that CI runs, one step after the other, with what each took. Steps go on
 * after a failure, so that one run tells all there is to mend; what failed is told again at the end,
 * where a log that was cut short still has it.
 */
import { spawn } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { stripVTControlCharacters } from 'node:util'

const root = path.resolve(import.meta.dirname, '..')

const steps: readonly (readonly [title: string, command: string, ...parameters: string[]])[] = [
  ['format', 'oxfmt', '--check'],
  ['build', 'turbo', 'run', 'build', '--output-logs=errors-only'],
  ['lint', 'oxlint', '--type-aware', '--deny-warnings'],
  ['types of scripts', 'tsc', '--noEmit'],
  ['types', 'turbo', 'run', 'typecheck', '--output-logs=errors-only'],
  ['tests', 'node', 'scripts/test-services.ts', '--', 'turbo', 'run', 'test', '--continue'],
  // On their own: they count what happens to tokens that live for two seconds.
  ['end to end', 'turbo', 'run', 'e2e'],
  ['requirements', 'node', 'scripts/requirements.ts', '--check'],
  ['code in pages', 'node', 'scripts/docs-sync.ts', '--check'],
  ['page of profiles', 'node', 'scripts/profiles.ts', '--check'],
  ['page of error codes', 'node', 'scripts/error-codes.ts', '--check'],
  ['page of the command line', 'node', 'scripts/command-line.ts', '--check'],
  ['unused code', 'knip'],
  ['packages', 'node', 'scripts/package-check.ts'],
  ['known vulnerabilities', 'node', 'scripts/audit.ts'],
  ['demo', 'node', 'tests/e2e/src/main.ts', '--seconds', '6'],
  ['conformance', 'node', 'tests/conformance/src/main.ts'],
  ['interoperation', 'node', 'tests/interop/src/main.ts'],
]

/** Lines of a failed step that are worth a second look: as the tools here mark a failure. */
const telling = /FAIL|Error|✗|×|✘|❯|error|Expected|Received|expected|^\s*[-+] /u
const linesToldAgain = 80

const failed = new Map<string, readonly string[]>()
for (const [title, command, ...parameters] of steps) {
  process.stdout.write(`\n── ${title}: ${[command, ...parameters].join(' ')}\n`)
  const startedAt = performance.now()
  const { succeeded, lines } = await run(command, parameters)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  if (!succeeded) failed.set(title, lines)
  process.stdout.write(`   ${title}: ${succeeded ? 'passed' : 'FAILED'} in ${seconds} s\n`)
}

for (const [title, lines] of failed) {
  process.stdout.write(`\n── FAILED: ${title}\n`)
  const told = lines.filter((line) => telling.test(line))
  for (const line of (told.length > 0 ? told : lines).slice(-linesToldAgain)) {
    process.stdout.write(`${line}\n`)
  }
}
process.stdout.write(`\n${steps.length - failed.size} passed, ${failed.size} failed\n`)
if (failed.size > 0) process.exitCode = 1

/** Runs a command, shows its output as it comes, and returns it as lines. */
async function run(
  command: string,
  parameters: readonly string[],
): Promise<{ succeeded: boolean; lines: readonly string[] }> {
  const child = spawn(command, parameters, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // On Windows the commands are .cmd files, which only a shell runs.
    shell: process.platform === 'win32',
  })
  let output = ''
  const show = (text: string): void => {
    output += text
    process.stdout.write(text)
  }
  child.stdout.setEncoding('utf8').on('data', show)
  child.stderr.setEncoding('utf8').on('data', show)
  const succeeded = await new Promise<boolean>((resolve) => {
    child.once('close', (status) => resolve(status === 0))
    child.once('error', (error) => {
      show(`${error.message}\n`)
      resolve(false)
    })
  })
  return { succeeded, lines: stripVTControlCharacters(output).split(/\r?\n/u) }
}
