import { setTimeout as pause } from 'node:timers/promises'
import { benchTable } from './bench-table.ts'
import { startFleet } from './fleet.ts'
import { addOtherGrants } from './other-grants.ts'
import { signInTemplate, writeGrants } from './signed-in-grants.ts'
import { fleetSettings } from './throughput.ts'

const lifetimeSeconds = 3600
/** Short, so that ten million rows fit on a small disk. These rows are only indexed. */
const sealedLength = 60

/** The refreshes of one machine over a very large table. */
export interface RatePerMachine {
  readonly rows: number
  readonly perSecond: number
  readonly refreshed: number
}

/**
 * Refreshes due grants among `rows` others, with requests that are answered in the process at once,
 * so that the rate is that of the store and of the client.
 */
export async function ratePerMachine(
  databaseUrl: string,
  options: { readonly rows: number; readonly dueGrants: number; readonly workers: number },
): Promise<RatePerMachine> {
  const { rows, dueGrants, workers } = options
  await using bench = await benchTable(databaseUrl)
  await addOtherGrants(bench, rows, sealedLength)
  const expiresAtEpochSeconds = Date.now() / 1000 + 240
  await writeGrants(bench.store, await signInTemplate(), {
    first: 0,
    count: dueGrants,
    tokenEndpoint: 'http://127.0.0.1:1/token',
    lifetimeSeconds,
    expiresAt: () => expiresAtEpochSeconds,
  })
  await bench.admin.query(`VACUUM ANALYZE ${bench.table}`)
  await using fleet = await startFleet(bench, workers, { ...fleetSettings, answersItself: true })
  await fleet.start()
  const samples: { readonly at: number; readonly refreshed: number }[] = []
  const giveUpAt = performance.now() + 180_000
  for (let refreshed = 0; refreshed < dueGrants && performance.now() < giveUpAt;) {
    await pause(250)
    const reports = await fleet.reports()
    refreshed = reports.reduce((sum, { stats }) => sum + stats.refreshed, 0)
    samples.push({ at: performance.now(), refreshed })
  }
  await fleet.stop()
  const from = samples.find(({ refreshed }) => refreshed >= dueGrants / 5)
  const to = samples.find(({ refreshed }) => refreshed >= (dueGrants * 4) / 5)
  if (from === undefined || to === undefined) throw new Error('The workers did not finish.')
  return {
    rows,
    perSecond: ((to.refreshed - from.refreshed) / (to.at - from.at)) * 1000,
    refreshed: samples.at(-1)?.refreshed ?? 0,
  }
}
