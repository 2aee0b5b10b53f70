/**
 * `pnpm test`: runs the tests of all packages, even after a package has failed. At the end it repeats
 * the failures, and lists the tests that did not run because this machine lacks a server or a program.
 *
 *     node scripts/test.ts [parameters of turbo run]
 */
import process from 'node:process'
import { repeatFailures } from './repeat-failures.ts'
import { runCommand } from './run-command.ts'

/** As `reportNotRun` of the test kit prints it. */
const notRun = /\bNOT RUN: (?<what>.+) \(needs (?<need>.+)\)$/u

const parameters = ['run', 'test', '--continue', ...process.argv.slice(2)]
const { succeeded, lines } = await runCommand('turbo', parameters, (line) => !notRun.test(line))

const suites = new Map<string, number>()
for (const line of lines) {
  const need = notRun.exec(line)?.groups?.['need']
  if (need !== undefined) suites.set(need, (suites.get(need) ?? 0) + 1)
}
if (suites.size > 0) {
  const needs = Array.from(suites, ([need, count]) => `${need} (${count})`)
  process.stdout.write(
    `\nNOT RUN, test suites by what they need: ${needs.join('; ')}. See "What the tests need" in README.md.\n`,
  )
}
if (!succeeded) {
  repeatFailures('tests', linesOfFailedPackages(lines))
  process.exitCode = 1
}

/** turbo starts each line with the name of the task, and lists the failed tasks at the end. */
function linesOfFailedPackages(all: readonly string[]): readonly string[] {
  const list = all.findLast((line) => line.startsWith('Failed:'))
  const tasks = (list?.slice('Failed:'.length) ?? '').split(',').map((task) => task.trim())
  const prefixes = tasks.map((task) => `${task.replace('#', ':')}: `)
  const ofFailed = all.filter((line) => prefixes.some((prefix) => line.startsWith(prefix)))
  return ofFailed.length > 0 ? ofFailed : all
}
