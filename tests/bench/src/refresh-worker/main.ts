/**
 * `pnpm bench:refresh-worker [--quick] [part …]`: refresh workers over a real PostgreSQL. Requires
 * EVERGRANT_TEST_POSTGRES_URL, which scripts/test-services.ts sets.
 */
import process from 'node:process'
import { round, say, table } from '../report.ts'
import { freshWorker } from './large-table.ts'
import { ratePerMachine } from './rate-per-machine.ts'
import { refreshBeforeExpiry } from './throughput.ts'

const databaseUrl = process.env['EVERGRANT_TEST_POSTGRES_URL'] ?? ''
const quick = process.argv.includes('--quick')
const parts = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const startedAt = performance.now()

if (wants('expiry')) await expiry()
if (wants('large-table')) await largeTable()
if (wants('rate')) await rate()
say(`\n${((performance.now() - startedAt) / 1000).toFixed(0)} s in total.`)

function wants(part: string): boolean {
  return parts.length === 0 || parts.includes(part)
}

async function expiry(): Promise<void> {
  const grants = quick ? 15_000 : 100_000
  const { run, doubleWrites } = await refreshBeforeExpiry(databaseUrl, {
    grants,
    workers: 4,
    spanSeconds: quick ? 36 : 240,
    firstExpiryInSeconds: 10,
    doubleWriteSeconds: 10,
  })
  table(
    `${round(grants)} grants that expire within ${quick ? 36 : 240} s, 4 workers, an authorization server that takes 200 ms`,
    ['', ''],
    [
      ['refreshes per second', round(run.perSecond)],
      ['double writes per second of the same database, 20 connections', round(doubleWrites)],
      ['ratio', round(run.perSecond / doubleWrites)],
      ['refreshed', round(run.refreshed)],
      ['late', String(run.endpoint.late)],
      ['refreshed twice', String(run.endpoint.repeated)],
      ['connections of all workers, at most', String(run.mostConnections)],
      ['requests at once, at most', String(run.endpoint.mostAtOnce)],
      ['seconds', round(run.seconds)],
      [
        'processor time of the workers for each refresh',
        `${round((run.workerProcessorSeconds / run.refreshed) * 1e6)} µs`,
      ],
    ],
  )
  for (const failure of run.failures) say(`Failure: ${failure}`)
}

async function largeTable(): Promise<void> {
  const seen = await freshWorker(databaseUrl, quick ? 100_000 : 1_000_000)
  const reports = [seen.emptyTable, seen.noneDue, seen.smallTable, seen.largeTable]
  const mebibytes = (bytes: number): string => `${round(bytes / 2 ** 20)} MiB`
  table(
    `A fresh worker over ${round(seen.rows)} grants`,
    ['', 'empty table', 'all grants, none due', 'only 300 due grants', 'all grants, 300 due'],
    [
      [
        'time until the first refresh',
        '',
        '',
        `${round(seen.smallTable.firstRefreshMilliseconds ?? 0)} ms`,
        `${round(seen.firstRefreshMilliseconds)} ms`,
      ],
      ['memory of the process', ...reports.map((report) => mebibytes(report.residentBytes))],
      ['live heap', ...reports.map((report) => mebibytes(report.heapBytes))],
      ['refreshed', ...reports.map(({ stats }) => round(stats.refreshed))],
    ],
  )
}

async function rate(): Promise<void> {
  const rows = quick ? 200_000 : 10_000_000
  const seen = await ratePerMachine(databaseUrl, {
    rows,
    dueGrants: quick ? 10_000 : 40_000,
    workers: 2,
  })
  // Tokens of an hour are due between 300 and 225 seconds before they expire.
  const needed = rows / (3600 - 262.5)
  table(
    `${round(rows)} grants with tokens of an hour, requests answered in the process`,
    ['', ''],
    [
      ['refreshes per second that they need, on paper', round(needed)],
      ['refreshes per second of this machine, with the database, 2 workers', round(seen.perSecond)],
      ['machines of this size', round(Math.ceil(needed / seen.perSecond))],
      ['refreshed in this run', round(seen.refreshed)],
    ],
  )
}
