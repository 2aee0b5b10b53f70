import { serverHealthRecord } from '../grant/server-health.ts'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import { diagnosticsObserver } from '../lib/events.ts'
import { dpopProver } from '../protocol/dpop-prover.ts'
import { profileChooser } from '../session/provider-profile.ts'
import type { RecordStore } from '../stores/store.ts'
import { alarm as createAlarm } from './alarm.ts'
import type { RefreshWorker, RefreshWorkerEvent, RefreshWorkerOptions } from './api.ts'
import { createClaims } from './claims.ts'
import { createDueWork } from './due-work.ts'
import { linkGrants } from './link-grants.ts'
import type { RefreshDueContext } from './refresh-due-grant.ts'
import { createServers } from './servers.ts'
import { steadyClock } from './steady-clock.ts'
import { unsavedWork } from './unsaved-work.ts'
import { workerRun } from './worker-run.ts'

/**
 * Refreshes the grants of all users in a store ahead of their expiry, so that no call waits for a
 * refresh. It is for gateways and servers with many users.
 *
 * It asks the store which grants are due, so its memory does not grow with their number. It refreshes
 * grants of sessions. Grants that were made only with `createTokenManager` are not refreshed. Any
 * number of workers may run over one store, on any number of machines: they divide what is due, each
 * grant is refreshed once for each expiry, and the limits for an authorization server hold for all
 * workers together. It never asks a user to sign in. `onNeedsReauth` receives the grants that need the
 * user.
 *
 * @throws EvergrantClientError `INVALID_OPTION`
 * @example
 * const worker = createRefreshWorker(store, options)
 * await worker.start()
 */
export function createRefreshWorker(
  store: RecordStore,
  options: RefreshWorkerOptions = {},
): RefreshWorker {
  const { clock = systemClock, random = Math.random } = options
  const limits = checkedLimits(options)
  const { maximumInFlight, pollSeconds } = limits
  const steady = steadyClock(clock)
  const alarm = createAlarm(steady)
  const context = refreshDueContext(store, clock, options)
  const unsaved = unsavedWork(clock)
  const servers = createServers({
    store,
    worker: crypto.randomUUID(),
    clock,
    steady,
    random,
    limits,
    onFailure: (issuer, error) => report({ type: 'refresh-worker-failed', issuer, error }),
    start: (grant, queue) => work.start(grant, queue),
    postpone: (grant, seconds) => work.postpone(grant, seconds),
    async isHealthy(issuer) {
      const health = await serverHealthRecord(store, issuer, clock, options.serverHealth)
      return (await health.read()).consecutiveFailures === 0
    },
  })
  const work = createDueWork({
    context,
    timing: options.timing,
    delivery: options.onNeedsReauth && {
      store,
      clock,
      onNeedsReauth: options.onNeedsReauth,
      report,
    },
    maximumInFlight,
    unsaved,
    queueOf: (issuer) => servers.queueOf(issuer),
    random,
    report,
    onChange: () => run.wake(),
    onUnlinked: () => run.link(),
  })
  const claims = createClaims({
    store,
    clock: steady,
    work,
    maximumInFlight,
    pollSeconds,
    report,
  })

  const run = workerRun({
    clock: steady,
    alarm,
    claims,
    servers,
    work,
    unsaved,
    link: (signal) => linkGrants(store, clock, options.timing ?? {}, signal),
    onFailure,
  })

  function report(event: RefreshWorkerEvent): void {
    try {
      options.observe?.(event)
    } catch {
      // A failing observer must not break a refresh.
    }
  }

  function onFailure(error: unknown): void {
    report({ type: 'refresh-worker-failed', issuer: undefined, error })
  }

  return {
    start: () => run.start(),
    stop: () => run.stop(),
    whenIdle: () => run.whenIdle(),
    stats: () => ({
      ...work.counts,
      running: run.isRunning(),
      inFlight: work.inFlight,
      servers: servers.stats(),
    }),
    backlog: () => store.due.backlog(),
  }
}

function refreshDueContext(
  store: RecordStore,
  clock: Clock,
  options: RefreshWorkerOptions,
): RefreshDueContext {
  return {
    store,
    clock,
    observe: diagnosticsObserver(options.observe),
    http: { fetch: options.fetch, requestTimeoutMilliseconds: options.requestTimeoutMilliseconds },
    dpop: dpopProver(),
    client: options.client,
    profileOf: profileChooser(options.profileFor),
    serverHealth: options.serverHealth,
  }
}

interface Limits {
  readonly maximumConcurrentRefreshes: number
  readonly maximumRefreshesPerSecond: number
  readonly maximumInFlight: number
  readonly pollSeconds: number
}

function checkedLimits(options: RefreshWorkerOptions): Limits {
  const { maximumConcurrentRefreshes = 32, maximumInFlight = 256, pollSeconds = 2 } = options
  const { maximumRefreshesPerSecond = Number.POSITIVE_INFINITY } = options
  const found = [
    { name: 'maximumConcurrentRefreshes', value: maximumConcurrentRefreshes, isCount: true },
    { name: 'maximumInFlight', value: maximumInFlight, isCount: true },
    { name: 'maximumRefreshesPerSecond', value: maximumRefreshesPerSecond, isCount: false },
    { name: 'pollSeconds', value: pollSeconds, isCount: false },
  ]
  for (const { name, value, isCount } of found) {
    if (isCount ? Number.isSafeInteger(value) && value >= 1 : value > 0) continue
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The option "${name}" of the refresh worker cannot be used: ${value} (expected ${isCount ? 'a whole number, 1 or more' : 'more than 0'}). Correct it.`,
    )
  }
  return { maximumConcurrentRefreshes, maximumInFlight, maximumRefreshesPerSecond, pollSeconds }
}
