import { cpus } from 'node:os'
import { round as digits, say, table } from '../report.ts'
import { median } from '../statistics.ts'
import { guards } from './guards.ts'
import type { GuardName } from './guards.ts'
import type { Sample } from './measure.ts'

/** The medians of one guard in one scenario, each sample compared with the baseline of its round. */
export interface Result {
  readonly title: string
  readonly guard: GuardName
  readonly requestsPerSecond: number
  readonly ratio: number
  readonly p99Milliseconds: number
  readonly cpuMicroseconds: number
  readonly addedCpuMicroseconds: number
}

/** Groups samples by algorithm and scenario. */
export function resultsOf(samples: readonly Sample[]): ReadonlyMap<string, readonly Result[]> {
  const groups = Map.groupBy(samples, ({ algorithm, scenario }) => `${algorithm}, ${scenario}`)
  return new Map([...groups].map(([group, some]) => [group, resultsOfGroup(some)]))
}

function resultsOfGroup(samples: readonly Sample[]): readonly Result[] {
  const baseline = new Map(
    samples.filter(({ guard }) => guard === 'none').map((sample) => [sample.round, sample]),
  )
  return [...Map.groupBy(samples, ({ guard }) => guard)].map(([guard, some]) => {
    const pairs = some.map((sample) => ({ sample, base: baseline.get(sample.round) ?? sample }))
    return {
      title: guards[guard].title,
      guard,
      requestsPerSecond: median(some.map((sample) => sample.requestsPerSecond)),
      ratio: median(
        pairs.map(({ sample, base }) => sample.requestsPerSecond / base.requestsPerSecond),
      ),
      p99Milliseconds: median(some.map((sample) => sample.p99Milliseconds)),
      cpuMicroseconds: median(some.map((sample) => sample.cpuMicroseconds)),
      addedCpuMicroseconds: median(
        pairs.map(({ sample, base }) => sample.cpuMicroseconds - base.cpuMicroseconds),
      ),
    }
  })
}

/** Prints one table for each algorithm and scenario. */
export function printResults(results: ReadonlyMap<string, readonly Result[]>): void {
  for (const [group, rows] of results) {
    table(
      group,
      ['', 'requests/s', 'ratio', 'p99', 'CPU per request', 'added CPU'],
      rows.map((row) => [
        row.title,
        digits(row.requestsPerSecond),
        row.ratio.toFixed(3),
        `${row.p99Milliseconds.toFixed(2)} ms`,
        `${row.cpuMicroseconds.toFixed(1)} µs`,
        `${row.addedCpuMicroseconds.toFixed(1)} µs`,
      ]),
    )
  }
}

/** What ran where, for the head of the report. */
export function printMachine(placement: string): void {
  const [cpu] = cpus()
  const model = cpu?.model ?? 'unknown processor'
  say(`Node.js ${process.versions.node}, ${cpus().length} × ${model}; ${placement}.`)
}
