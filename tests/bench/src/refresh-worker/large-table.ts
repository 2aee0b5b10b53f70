import { setTimeout as pause } from 'node:timers/promises'
import type { BenchTable } from './bench-table.ts'
import { benchTable } from './bench-table.ts'
import { startEndpoint, startFleet } from './fleet.ts'
import { addOtherGrants } from './other-grants.ts'
import { signInTemplate, writeGrants } from './signed-in-grants.ts'
import { fleetSettings } from './throughput.ts'
import type { WorkerReport } from './worker-process.ts'

const lifetimeSeconds = 3600
const dueGrants = 300
/** The usual length of a sealed record. */
const sealedLength = 2600

/** A fresh worker over a small and a large table. */
export interface LargeTable {
  readonly rows: number
  readonly firstRefreshMilliseconds: number
  readonly emptyTable: WorkerReport
  /** All grants, none of them due. */
  readonly noneDue: WorkerReport
  /** Only the grants that are due. */
  readonly smallTable: WorkerReport
  readonly largeTable: WorkerReport
}

/**
 * Starts a fresh worker over an empty table, over a few due grants, over `rows` grants of which none is
 * due, and over both.
 */
export async function freshWorker(databaseUrl: string, rows: number): Promise<LargeTable> {
  await using small = await benchTable(databaseUrl)
  const emptyTable = await runOneWorker(small)
  const smallTable = await runOverDueGrants(small)
  await using large = await benchTable(databaseUrl)
  await addOtherGrants(large, rows, sealedLength)
  const noneDue = await runOneWorker(large)
  const largeTable = await runOverDueGrants(large)
  const { firstRefreshMilliseconds } = largeTable
  if (firstRefreshMilliseconds === undefined) throw new Error('The worker refreshed nothing.')
  return { rows, firstRefreshMilliseconds, emptyTable, noneDue, smallTable, largeTable }
}

async function runOverDueGrants(bench: BenchTable): Promise<WorkerReport> {
  const now = Date.now() / 1000
  await using endpoint = await startEndpoint({
    answerAfterMilliseconds: 200,
    expiresInSeconds: lifetimeSeconds,
    firstExpiryEpochSeconds: now + 120,
    spanSeconds: 60,
    users: dueGrants,
  })
  await writeGrants(bench.store, await signInTemplate(), {
    first: 0,
    count: dueGrants,
    tokenEndpoint: endpoint.url,
    lifetimeSeconds,
    expiresAt: () => now + 120,
  })
  const report = await runOneWorker(bench)
  if (report.stats.refreshed === dueGrants) return report
  throw new Error(`The worker refreshed ${report.stats.refreshed} of ${dueGrants} grants.`)
}

async function runOneWorker(bench: BenchTable): Promise<WorkerReport> {
  await using fleet = await startFleet(bench, 1, fleetSettings)
  await fleet.start()
  await pause(20_000)
  const [report] = await fleet.reportsAfterCollection()
  if (report === undefined) throw new Error('The worker did not report.')
  await fleet.stop()
  return report
}
