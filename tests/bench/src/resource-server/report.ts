import { cpus } from 'node:os'
import { round as digits, say, table } from '../report.ts'
import { median } from '../statistics.ts'
import { guards } from './guards.ts'
import type { GuardName } from './guards.ts'
import type { Sample } from './measure.ts'

/** The medians of one guard in one scenario. Ratios are to the unprotected server, pair by pair. */
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
  return new Map(
    [...groups].map(([group, some]) => [
      group,
      [
        resultOf(
          'none',
          some.map(({ baseline }) => ({ slice: baseline, baseline })),
        ),
        ...[...Map.groupBy(some, ({ guard }) => guard)].map(([guard, pairs]) =>
          resultOf(guard, pairs),
        ),
      ],
    ]),
  )
}

function resultOf(guard: GuardName, pairs: readonly Pick<Sample, 'slice' | 'baseline'>[]): Result {
  const medianOf = (value: (pair: Pick<Sample, 'slice' | 'baseline'>) => number): number =>
    median(pairs.map(value))
  return {
    title: guards[guard].title,
    guard,
    requestsPerSecond: medianOf(({ slice }) => slice.requestsPerSecond),
    ratio: medianOf(({ slice, baseline }) => slice.requestsPerSecond / baseline.requestsPerSecond),
    p99Milliseconds: medianOf(({ slice }) => slice.p99Milliseconds),
    cpuMicroseconds: medianOf(({ slice }) => slice.cpuMicroseconds),
    addedCpuMicroseconds: medianOf(
      ({ slice, baseline }) => slice.cpuMicroseconds - baseline.cpuMicroseconds,
    ),
  }
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
