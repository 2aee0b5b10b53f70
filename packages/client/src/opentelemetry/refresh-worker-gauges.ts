import type { BatchObservableResult, Meter } from '@opentelemetry/api'
import { metrics } from '@opentelemetry/api'
import { abortable } from '../lib/abortable.ts'
import type { RefreshWorker } from '../refresh-worker/api.ts'
import type { DueBacklog } from '../stores/due.ts'
import { byIssuer } from './attributes.ts'
import { metricPrefix, scope } from './scope.ts'

/** Options of {@link refreshWorkerGauges}. */
export interface RefreshWorkerGaugesOptions {
  /** Default: the meter `@evergrant/client` of the global provider. */
  readonly meter?: Meter | undefined
}

/** The gauges of one refresh worker. */
export interface RefreshWorkerGauges {
  /** Stops reading the worker. Safe to call twice. */
  stop(): void
}

/** A store that does not answer must not keep the other metrics from being read. */
const backlogTimeoutMilliseconds = 2000
/** More authorization servers share the remaining points that an SDK keeps. */
const maximumIssuers = 1000

/**
 * Measures a refresh worker and its store whenever metrics are read. Add it to
 * `openTelemetryObserver`, which turns events into metrics.
 *
 * Metrics of the store, the same from every worker: `${metricPrefix}grants.due` (the backlog: how
 * many grants are due now) and `.grants.due.late` (how long the most overdue one has been due). They are
 * not a number (NaN) while the store does not answer. `.refresh_worker.store_available` is then 0, and
 * otherwise 1.
 *
 * Metrics of this worker: `${metricPrefix}refresh_worker.in_flight` (how many grants it works on), and
 * for each authorization server with work `.refresh_worker.refreshing` (requests under way) and
 * `.refresh_worker.waiting` (due grants that wait for a place in the budget).
 *
 * @example
 * const worker = createRefreshWorker(store, { observe: openTelemetryObserver() })
 * const gauges = refreshWorkerGauges(worker)
 */
export function refreshWorkerGauges(
  worker: Pick<RefreshWorker, 'stats' | 'backlog'>,
  options: RefreshWorkerGaugesOptions = {},
): RefreshWorkerGauges {
  const meter = options.meter ?? metrics.getMeter(scope)
  const gauge = (name: string, description: string, unit?: string) =>
    meter.createObservableGauge(`${metricPrefix}${name}`, {
      description,
      ...(unit === undefined ? {} : { unit }),
    })
  const due = gauge('grants.due', 'How many grants are due now')
  const late = gauge('grants.due.late', 'How long the most overdue grant has been due', 's')
  const available = gauge('refresh_worker.store_available', 'Whether the store answers: 0 or 1')
  const inFlight = gauge('refresh_worker.in_flight', 'Grants that this worker works on')
  const refreshing = gauge('refresh_worker.refreshing', 'Requests under way')
  const waiting = gauge('refresh_worker.waiting', 'Due grants that wait for the budget')
  const backlog = sharedBacklog(worker)
  const issuers = new Set<string>()

  // SDKs repeat the last value of what is not observed again, so everything is observed every time.
  async function observe(result: BatchObservableResult): Promise<void> {
    const stats = worker.stats()
    result.observe(inFlight, stats.inFlight)
    const servers = new Map(stats.servers.map((server) => [server.issuer, server]))
    for (const issuer of [...issuers, ...servers.keys()]) {
      if (issuers.size < maximumIssuers) issuers.add(issuer)
      result.observe(refreshing, servers.get(issuer)?.refreshing ?? 0, byIssuer(issuer))
      result.observe(waiting, servers.get(issuer)?.waiting ?? 0, byIssuer(issuer))
    }
    const known = await backlog()
    result.observe(available, known === undefined ? 0 : 1)
    result.observe(due, known?.grants ?? Number.NaN)
    result.observe(late, known?.lateSeconds ?? Number.NaN)
  }

  const observables = [due, late, available, inFlight, refreshing, waiting]
  meter.addBatchObservableCallback(observe, observables)
  return { stop: () => meter.removeBatchObservableCallback(observe, observables) }
}

/** Asks the store once at a time, however many readers there are. Never rejects. */
function sharedBacklog(
  worker: Pick<RefreshWorker, 'backlog'>,
): () => Promise<DueBacklog | undefined> {
  let running: Promise<DueBacklog> | undefined
  return async () => {
    const asked = (running ??= worker.backlog().finally(() => {
      running = undefined
    }))
    const signal = AbortSignal.timeout(backlogTimeoutMilliseconds)
    return await abortable(asked, signal).catch(() => undefined)
  }
}
