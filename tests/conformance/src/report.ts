import process from 'node:process'
import type { Check, ScenarioResult, SuiteRun } from './suite.ts'

/** Prints the result of each leg, and collects what is wrong. */
export interface Report {
  /**
   * Prints one line for a run.
   *
   * @param scored - The scenarios that count.
   */
  leg(title: string, scored: readonly ScenarioResult[], run: SuiteRun): void
  note(line: string): void
  problem(text: string): void
  /** Prints the problems, and sets the exit code. */
  finish(): void
}

export function createReport(): Report {
  const problems: string[] = []

  return {
    leg(title, scored, run) {
      const checks = scored.flatMap((scenario) => scenario.checks)
      const failing = scored.filter((scenario) => count(scenario.checks, 'FAILURE') > 0)
      process.stdout.write(
        `${title}: ${scored.length - failing.length} of ${scored.length} scenarios, ` +
          `${count(checks, 'SUCCESS')} checks passed, ${count(checks, 'FAILURE')} failed, ` +
          `${count(checks, 'WARNING')} warnings\n`,
      )
      problems.push(...missingResults(title, run))
      if (scored.length === 0) problems.push(`${title}: no scenario ran\n${run.output}`)
      for (const scenario of scored) problems.push(...problemsOf(title, scenario))
    },
    note: (line) => void process.stdout.write(`  ${line}\n`),
    problem: (text) => void problems.push(text),
    finish() {
      if (problems.length === 0) {
        process.stdout.write('\nEvery scored scenario passes.\n')
        return
      }
      process.stdout.write(`\n${problems.map((problem) => `✗ ${problem}`).join('\n')}\n`)
      process.exitCode = 1
    },
  }
}

/** A scenario that could not start writes no result, and must not be missed. */
function missingResults(title: string, run: SuiteRun): readonly string[] {
  const announced = /^Running .*\((\d+) scenarios\)/m.exec(run.output)?.[1]
  const expected = announced === undefined ? run.scenarios.length : Number(announced)
  if (expected === run.scenarios.length) return []
  return [`${title}: ${run.scenarios.length} of ${expected} scenarios wrote a result`]
}

function problemsOf(title: string, { name, checks }: ScenarioResult): readonly string[] {
  const found = checks.flatMap(({ id, status, errorMessage }) =>
    status === 'FAILURE' || status === 'WARNING'
      ? [
          `${title}: ${name}: ${id}: ${status}${errorMessage === undefined ? '' : `: ${errorMessage}`}`,
        ]
      : [],
  )
  return count(checks, 'SUCCESS') === 0 ? [...found, `${title}: ${name}: no check passed`] : found
}

export function count(checks: readonly Check[], status: Check['status']): number {
  return checks.filter((check) => check.status === status).length
}
