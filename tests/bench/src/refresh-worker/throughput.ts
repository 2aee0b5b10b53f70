import { setTimeout as pause } from 'node:timers/promises'
import { benchTable } from './bench-table.ts'
import { doubleWritesPerSecond } from './double-writes.ts'
import { startEndpoint, startFleet } from './fleet.ts'
import { signInTemplate, writeGrants } from './signed-in-grants.ts'
import type { EndpointReport } from './token-endpoint.ts'

const lifetimeSeconds = 3600

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
  const template = await signInTemplate()
  // Writing the grants takes a while. They must not expire before the workers start.
  const seedSeconds = grants / 800 + 20
  const firstExpiryEpochSeconds = Date.now() / 1000 + seedSeconds + firstExpiryInSeconds
  await using endpoint = await startEndpoint({
    answerAfterMilliseconds: 200,
    expiresInSeconds: lifetimeSeconds,
    firstExpiryEpochSeconds,
    spanSeconds,
    users: grants,
  })
  await writeGrants(bench.store, template, {
    first: 0,
    count: grants,
    tokenEndpoint: endpoint.url,
    lifetimeSeconds,
    expiresAt: (user) => firstExpiryEpochSeconds + (user / grants) * spanSeconds,
  })
  await bench.admin.query(`VACUUM ANALYZE ${bench.table}`)
  const doubleWrites = await doubleWritesPerSecond(bench, options.doubleWriteSeconds)
  await using fleet = await startFleet(bench, workers, fleetSettings)
  await pause(
    Math.max(0, firstExpiryEpochSeconds - firstExpiryInSeconds - Date.now() / 1000) * 1000,
  )

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
