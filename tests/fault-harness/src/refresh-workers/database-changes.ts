import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../waiting.ts'
import { dueAgeSeconds, startFleet } from './fleet.ts'
import type { PostgresCluster } from './postgres-cluster.ts'

/** What a change of the database cost. */
export interface DatabaseChangeReport {
  readonly users: number
  readonly requestsUnderWay: number
  readonly refreshRequests: number
  readonly forcedSignIns: number
  readonly setAside: number
}

const workers = 4
const users = 40
const requestsUnderWay = 16
const lookMilliseconds = 3000
/** A change of the database must not outlast a request: a second one would be reuse. */
const requestTimeoutMilliseconds = 60_000

/**
 * Changes the database while the authorization server has rotated refresh tokens whose responses
 * have not arrived. The locks of these refreshes are lost, and their processes live. The server
 * forgives no reuse.
 *
 * @param pooled - Whether the workers connect through PgBouncer.
 */
export async function changeDatabase(
  cluster: PostgresCluster,
  change: 'restart' | 'failOver',
  pooled: boolean,
): Promise<DatabaseChangeReport> {
  await using fleet = await startFleet({
    url: pooled ? (cluster.pooledUrl ?? cluster.url) : cluster.url,
    adminUrl: cluster.url,
    workers,
    users,
    graceSeconds: 0,
    stepped: false,
    requestTimeoutMilliseconds,
  })
  const before = fleet.as.refreshRequests()
  const answer = Promise.withResolvers<void>()
  for (let index = 0; index < requestsUnderWay; index += 1) {
    fleet.as.faults.token.push({ kind: 'hang', afterCommit: true, until: answer.promise })
  }
  await fleet.advance(dueAgeSeconds)
  await until(() => fleet.as.faults.token.length === 0)
  await cluster[change]()
  // The journals become due, and all workers look at them many times.
  await fleet.advance(5)
  await pause(lookMilliseconds)
  answer.resolve()
  const needing = await fleet.settled()
  return {
    users,
    requestsUnderWay,
    refreshRequests: fleet.as.refreshRequests() - before,
    forcedSignIns: needing.length,
    setAside: await fleet.setAside(),
  }
}
