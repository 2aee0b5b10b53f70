import type { Clock } from '../lib/clock.ts'
import type { Alarm } from './alarm.ts'
import type { RefreshWorkerEvent, RefreshWorkerServerStats } from './api.ts'
import type { NextRefresh } from './next-refresh.ts'
import type { LaterReason } from './refresh-if-due.ts'
import type { ScheduledGrant, ServerQueue } from './server-queue.ts'
import { nextStart, serverQueue, takeDue } from './server-queue.ts'

/** The largest share of the time before expiry by which a refresh is delayed at random. */
const jitterShare = 0.2
/** Servers whose tokens expire within seconds do not get a request every second. */
const shortestIntervalSeconds = 10
const longestOwnPauseSeconds = 600

/** When each grant is refreshed. */
export interface Schedule {
  /** Every grant that the worker knows, by the ID of its binding. */
  readonly grants: Map<string, ScheduledGrant>
  readonly servers: ReadonlyMap<string, ServerQueue>
  serverOf(issuer: string): ServerQueue
  /** Queues a grant that a scan found. Grants that are due already are spread over a period. */
  addFound(grant: ScheduledGrant, next: NextRefresh, spreadSeconds: number): void
  /** Queues a grant after a successful attempt. */
  addNext(grant: ScheduledGrant, next: NextRefresh): void
  /** Queues a grant for an immediate attempt. */
  addNow(grant: ScheduledGrant): void
  /** Queues a grant after a failure. Each failure in a row doubles the shortest pause. */
  postpone(grant: ScheduledGrant, seconds: number): void
  /** Starts no attempts for a server for a while, and then one at a time until it answers. */
  pause(server: ServerQueue, because: LaterReason, seconds: number): void
  /** Takes a grant whose attempt may start now. */
  take(server: ServerQueue): ScheduledGrant | undefined
  /** When the next attempt may start, for one server or for all. */
  nextStart(server?: ServerQueue): number
  /** Drops every time, because the clock was set back. The next scan queues the grants again. */
  dropTimes(): void
  inactive(): number
  stats(): readonly RefreshWorkerServerStats[]
  clear(): void
}

/** What a schedule needs. */
export interface ScheduleOptions {
  readonly clock: Clock
  readonly random: () => number
  readonly maximumConcurrentRefreshes: number
  readonly alarm: Alarm
  readonly report: (event: RefreshWorkerEvent) => void
}

export function createSchedule(options: ScheduleOptions): Schedule {
  const { clock, random, maximumConcurrentRefreshes, alarm, report } = options
  const servers = new Map<string, ServerQueue>()
  const grants = new Map<string, ScheduledGrant>()

  function now(): number {
    return clock.nowEpochSeconds()
  }

  function startOf(server: ServerQueue): number {
    return nextStart(server, maximumConcurrentRefreshes)
  }

  function enqueue(grant: ScheduledGrant, dueAtEpochSeconds: number): void {
    grant.dueAtEpochSeconds = dueAtEpochSeconds
    grant.state = 'queued'
    grant.serverQueue.queue.add(grant)
    alarm.wakeFor(startOf(grant.serverQueue))
  }

  return {
    grants,
    servers,
    serverOf(issuer) {
      const known = servers.get(issuer)
      if (known !== undefined) return known
      const server = serverQueue(issuer)
      servers.set(issuer, server)
      return server
    },
    addFound(grant, next, spreadSeconds) {
      enqueue(grant, firstDue(next, spreadSeconds, now(), random))
    },
    addNext(grant, next) {
      grant.failures = 0
      enqueue(grant, Math.max(withJitter(next, random), now() + shortestIntervalSeconds))
    },
    addNow: (grant) => enqueue(grant, now()),
    postpone(grant, seconds) {
      const own = Math.min(longestOwnPauseSeconds, 2 ** Math.min(grant.failures, 16))
      grant.failures += 1
      enqueue(grant, now() + Math.max(seconds, own) * (1 + jitterShare * random()))
    },
    pause(server, because, seconds) {
      const untilEpochSeconds = now() + seconds
      server.probing = true
      if (untilEpochSeconds <= server.pausedUntilEpochSeconds) return
      server.pausedUntilEpochSeconds = untilEpochSeconds
      report({ type: 'refresh-worker-paused', issuer: server.issuer, because, untilEpochSeconds })
    },
    take: (server) => takeDue(server, now(), maximumConcurrentRefreshes),
    nextStart(server) {
      return server === undefined
        ? Math.min(...Array.from(servers.values(), startOf))
        : startOf(server)
    },
    dropTimes() {
      for (const server of servers.values()) {
        server.queue.clear()
        server.pausedUntilEpochSeconds = 0
      }
      for (const grant of grants.values()) {
        if (grant.state === 'queued') grant.state = 'inactive'
      }
    },
    inactive() {
      let count = 0
      for (const { state } of grants.values()) if (state === 'inactive') count += 1
      return count
    },
    stats() {
      return Array.from(servers.values(), (server) => serverStats(server, now())).filter(
        ({ queued, refreshing }) => queued + refreshing > 0,
      )
    },
    clear() {
      servers.clear()
      grants.clear()
    },
  }
}

/** Spreads grants that are due already, so that a restart causes no burst, but not past expiry. */
function firstDue(
  next: NextRefresh,
  spreadSeconds: number,
  nowEpochSeconds: number,
  random: () => number,
): number {
  if (next.urgent) return nowEpochSeconds
  if (next.dueAtEpochSeconds > nowEpochSeconds) return withJitter(next, random)
  const usableSeconds = next.expiresAtEpochSeconds - nowEpochSeconds
  const period = usableSeconds > 0 ? Math.min(spreadSeconds, usableSeconds / 2) : spreadSeconds
  return nowEpochSeconds + random() * period
}

/** Workers that share a store start at different times: the second one finds the work done. */
function withJitter(next: NextRefresh, random: () => number): number {
  const ahead = Math.max(0, next.expiresAtEpochSeconds - next.dueAtEpochSeconds)
  return next.dueAtEpochSeconds + random() * jitterShare * ahead
}

function serverStats(server: ServerQueue, nowEpochSeconds: number): RefreshWorkerServerStats {
  const { issuer, pausedUntilEpochSeconds, queue, running } = server
  return {
    issuer,
    queued: queue.size,
    refreshing: running,
    nextDueAtEpochSeconds: queue.peek()?.dueAtEpochSeconds,
    ...(pausedUntilEpochSeconds > nowEpochSeconds ? { pausedUntilEpochSeconds } : {}),
  }
}
