/**
 * `pnpm bench:refresh-worker [--quick] [part …]`: refresh workers over a real PostgreSQL. Requires
 * EVERGRANT_TEST_POSTGRES_URL, which scripts/test-services.ts sets.
 */
import process from 'node:process'
import { round, say, table } from '../report.ts'
import { refreshBeforeExpiry } from './throughput.ts'

const databaseUrl = process.env['EVERGRANT_TEST_POSTGRES_URL'] ?? ''
const quick = process.argv.includes('--quick')
const parts = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const startedAt = performance.now()

if (wants('expiry')) await expiry()
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
