import { setTimeout as pause } from 'node:timers/promises'
import { benchTable } from './bench-table.ts'
import { doubleWritesPerSecond } from './double-writes.ts'
import { expiringGrants } from './expiring-grants.ts'
import { startFleet } from './fleet.ts'
import type { EndpointReport } from './token-endpoint.ts'

/** How a fleet of workers is set up in this benchmark. */
export const fleetSettings = {
  poolSize: 5,
  maximumConcurrentRefreshes: 600,
  maximumInFlight: 250,
  answersItself: false,
} as const

/** What the workers did with grants that expire soon. */
export interface Run {
  readonly grants: number
  readonly refreshed: number
  readonly seconds: number
  /** In the middle of the run, without its start and end. */
  readonly perSecond: number
  readonly mostConnections: number
  readonly endpoint: EndpointReport
  readonly workerProcessorSeconds: number
  readonly failures: readonly string[]
}

/**
 * Lets workers refresh grants that expire within `spanSeconds`, beginning `firstExpiryInSeconds` from
 * the start, and measures the rate between a fifth and four fifths of them.
 */
export async function refreshBeforeExpiry(
  databaseUrl: string,
  options: {
    readonly grants: number
    readonly workers: number
    readonly spanSeconds: number
    readonly firstExpiryInSeconds: number
    readonly doubleWriteSeconds: number
  },
): Promise<{ readonly run: Run; readonly doubleWrites: number }> {
  const { grants, workers, spanSeconds, firstExpiryInSeconds } = options
  await using bench = await benchTable(databaseUrl)
  await using expiring = await expiringGrants(bench, {
    users: grants,
    spanSeconds,
    firstExpiryInSeconds,
  })
  const { endpoint } = expiring
  const doubleWrites = await doubleWritesPerSecond(bench, options.doubleWriteSeconds)
  await using fleet = await startFleet(bench, workers, fleetSettings)
  await expiring.untilStart()

  await fleet.start()
  const startedAt = performance.now()
  let mostConnections = 0
  const samples: { readonly at: number; readonly answered: number }[] = []
  const giveUpAt = startedAt + (firstExpiryInSeconds + spanSeconds + 120) * 1000
  for (let answered = 0; answered < grants && performance.now() < giveUpAt;) {
    await pause(500)
    answered = (await endpoint.report()).answered
    samples.push({ at: performance.now(), answered })
    mostConnections = Math.max(mostConnections, await bench.workerConnections())
  }
  const seconds = (performance.now() - startedAt) / 1000
  const reports = await fleet.stop()
  const from = samples.find(({ answered }) => answered >= grants / 5)
  const to = samples.find(({ answered }) => answered >= (grants * 4) / 5)
  const middle = from !== undefined && to !== undefined && to.at > from.at
  return {
    doubleWrites,
    run: {
      grants,
      refreshed: reports.reduce((sum, { stats }) => sum + stats.refreshed, 0),
      seconds,
      perSecond: middle ? ((to.answered - from.answered) / (to.at - from.at)) * 1000 : 0,
      mostConnections,
      endpoint: await endpoint.report(),
      workerProcessorSeconds: reports.reduce((sum, one) => sum + one.processorSeconds, 0),
      failures: reports.flatMap(({ failures }) => failures),
    },
  }
}
