/**
 * `pnpm test`: runs the tests of all packages, even after a package has failed. The last line lists
 * the tests that did not run because this machine lacks a server or a program.
 *
 *     node scripts/test.ts [parameters of turbo run]
 */
import process from 'node:process'
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
if (!succeeded) process.exitCode = 1
