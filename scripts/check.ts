/**
 * `pnpm check`: runs every step of CI in order and prints the time of each. It continues after a
 * failure, so that one run shows everything to fix, and repeats the failures at the end, where a
 * truncated log still contains them. A step that passed on the same files does not run again, unless
 * something in it could not run on this machine; `--force` runs all.
 *
 *     node scripts/check.ts [--force] [--only lint --only types]
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import checkSteps from './check-steps.json' with { type: 'json' }
import { openPassedSteps } from './passed-steps.ts'
import { repeatFailures } from './repeat-failures.ts'
import { runCommand } from './run-command.ts'

interface Step {
  readonly title: string
  readonly command: readonly string[]
  /** Folders and files without which the step has no subject. `pnpm template` removes it then. */
  readonly needs?: readonly string[]
  /** Whether it also runs if it passed on the same files. */
  readonly everyTime?: boolean
  /** Why the step is what it is. */
  readonly why?: string
}

const all: readonly Step[] = checkSteps
const { values } = parseArgs({
  options: {
    force: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
  },
})
const unknown = values.only?.filter((title) => !all.some((step) => step.title === title)) ?? []
if (unknown.length > 0) {
  process.stderr.write(
    `--only: there is no step ${unknown.join(', ')} (expected ${all.map(({ title }) => JSON.stringify(title)).join(', ')}).\n`,
  )
  process.exit(2)
}
const steps = all.filter(({ title }) => values.only === undefined || values.only.includes(title))

/** What the steps print when something is missing on this machine. */
const notRun = /\bNOT RUN\b/u

const before = openPassedSteps()
const failed = new Map<string, readonly string[]>()
for (const { title, command, everyTime } of steps) {
  if (!values.force && before.has(title)) {
    process.stdout.write(`── ${title}: passed before on these files\n`)
    continue
  }
  process.stdout.write(`\n── ${title}: ${command.join(' ')}\n`)
  const startedAt = performance.now()
  const [program = '', ...parameters] = command
  const { succeeded, lines } = await runCommand(program, parameters)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  if (!succeeded) failed.set(title, lines)
  else if (everyTime !== true && !lines.some((line) => notRun.test(line))) before.add(title)
  process.stdout.write(`   ${title}: ${succeeded ? 'passed' : 'FAILED'} in ${seconds} s\n`)
}

for (const [title, lines] of failed) repeatFailures(title, lines)
process.stdout.write(`\n${steps.length - failed.size} passed, ${failed.size} failed\n`)
if (failed.size > 0) process.exitCode = 1
