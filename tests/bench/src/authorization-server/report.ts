import { cpus } from 'node:os'
import { median, quantile } from '../statistics.ts'
import type { Contestant } from './contestants.ts'

const nameWidth = 56

/** The table of a run. Ratios are to the first contestant. */
export function report(contestants: readonly Contestant[], title: string): string {
  const [bare] = contestants
  const base = bare === undefined ? 0 : median(bare.rates)
  const lines = contestants.map(({ name, rates, latenciesMilliseconds }) => {
    const sorted = latenciesMilliseconds.toSorted((a, b) => a - b)
    return [
      name.padEnd(nameWidth),
      median(rates).toFixed(0).padStart(8),
      quantile(sorted, 0.5).toFixed(1).padStart(8),
      quantile(sorted, 0.99).toFixed(1).padStart(8),
      (median(rates) / base).toFixed(2).padStart(8),
    ].join('')
  })
  const [cpu] = cpus()
  return [
    `${title}; Node.js ${process.versions.node}, ${cpus().length} × ${cpu?.model ?? 'unknown processor'}`,
    '',
    `${''.padEnd(nameWidth)}${'grants/s'.padStart(8)}${'p50 ms'.padStart(8)}${'p99 ms'.padStart(8)}${'ratio'.padStart(8)}`,
    ...lines,
    '',
  ].join('\n')
}
