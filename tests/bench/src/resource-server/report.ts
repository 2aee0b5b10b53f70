import { cpus } from 'node:os'
import { round as digits, say, table } from '../report.ts'
import { quantile } from '../statistics.ts'
import { guards } from './guards.ts'
import type { GuardName } from './guards.ts'
import type { Sample, Slice } from './measure.ts'

/**
 * The figures of one guard in one scenario, each from the best tenth of its slices: other work on the machine only
 * makes a slice slower, so the best ones are closest to the cost of the code.
 */
export interface Result {
  readonly title: string
  readonly guard: GuardName
  readonly requestsPerSecond: number
  /** To the unprotected server. */
  readonly ratio: number
  readonly p99Milliseconds: number
  readonly cpuMicroseconds: number
  readonly addedCpuMicroseconds: number
}

/** Groups samples by plan, algorithm and scenario. */
export function resultsOf(samples: readonly Sample[]): ReadonlyMap<string, readonly Result[]> {
  const groups = Map.groupBy(
    samples,
    ({ plan, algorithm, scenario }) => `${plan}, ${algorithm}, ${scenario}`,
  )
  return new Map([...groups].map(([group, some]) => [group, resultsOfGroup(some)]))
}

function resultsOfGroup(samples: readonly Sample[]): readonly Result[] {
  const baseline = bestTenth(samples.map((sample) => sample.baseline))
  const slices = new Map([
    ['none' as const, baseline],
    ...[...Map.groupBy(samples, ({ guard }) => guard)].map(
      ([guard, some]) => [guard, bestTenth(some.map(({ slice }) => slice))] as const,
    ),
  ])
  return [...slices].map(([guard, slice]) => ({
    title: guards[guard].title,
    guard,
    ...slice,
    ratio: slice.requestsPerSecond / baseline.requestsPerSecond,
    addedCpuMicroseconds: slice.cpuMicroseconds - baseline.cpuMicroseconds,
  }))
}

function bestTenth(slices: readonly Slice[]): Slice {
  const low = (value: (slice: Slice) => number): number =>
    quantile(
      slices.map(value).toSorted((a, b) => a - b),
      0.1,
    )
  return {
    requestsPerSecond: -low((slice) => -slice.requestsPerSecond),
    p99Milliseconds: low((slice) => slice.p99Milliseconds),
    cpuMicroseconds: low((slice) => slice.cpuMicroseconds),
  }
}

/** Prints one table for each algorithm and scenario. */
export function printResults(results: ReadonlyMap<string, readonly Result[]>): void {
  for (const [group, rows] of results) {
    table(
      group.charAt(0).toUpperCase() + group.slice(1),
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
