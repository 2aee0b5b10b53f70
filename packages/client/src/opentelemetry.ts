import type { Meter, Tracer } from '@opentelemetry/api'
import { metrics, trace } from '@opentelemetry/api'
import type { ClientEvent } from './lib/events.ts'
import { grantMetrics } from './opentelemetry/grant-metrics.ts'
import { refreshSpans } from './opentelemetry/refresh-spans.ts'
import { refreshWorkerEvents } from './opentelemetry/refresh-worker-events.ts'
import { metricPrefix, scope } from './opentelemetry/scope.ts'
import type { RefreshWorkerEvent } from './refresh-worker/api.ts'

export { refreshWorkerGauges } from './opentelemetry/refresh-worker-gauges.ts'
export type {
  RefreshWorkerGauges,
  RefreshWorkerGaugesOptions,
} from './opentelemetry/refresh-worker-gauges.ts'

/** Options of {@link openTelemetryObserver}. */
export interface OpenTelemetryObserverOptions {
  /** Default: the meter `@evergrant/client` of the global provider. */
  readonly meter?: Meter | undefined
  /** Default: the tracer `@evergrant/client` of the global provider. */
  readonly tracer?: Tracer | undefined
}

/**
 * An observer that turns events into OpenTelemetry metrics and spans. Pass it as `observe` to
 * sessions, token managers and refresh workers. They can share one observer.
 *
 * Metrics: `evergrant.client.refreshes` (by `outcome` and `reason`), `.refreshes.refused` (by `outcome`
 * and `oauthError`, which is `other` for unknown codes), `.refreshes.adopted`, `.refreshes.deferred`,
 * `.refresh.duration`, `.refresh.late` (how long after the expiry of the old token the new ones were
 * saved, 0 if before), `.lock.wait` (by `outcome`), `.access_token.lifetime` (as issued),
 * `.access_token.remaining` (the remaining lifetime of the old token at each refresh), `.grants.ended`
 * (by `reason`), `.sign_ins`, `.authorization_server.available` (0 while the client is backing off from
 * a server, and 1 after the server issues tokens again). Each has the attribute `issuer`. None
 * identifies the user.
 *
 * Of refresh workers: `evergrant.client.refresh_worker.claimed` (grants taken from the store),
 * `.refresh_worker.pauses` (by `issuer` and `because`), `.refresh_worker.notices` (by `issuer` and
 * `outcome`: `delivered` or `failed`), `.refresh_worker.failures`. For the backlog, add
 * {@link refreshWorkerGauges}.
 *
 * Spans: `evergrant.refresh`, from the request until the tokens are saved, or until saving fails for
 * the first time.
 *
 * @example
 * const session = createSession(url, { ...options, observe: openTelemetryObserver() })
 */
export function openTelemetryObserver(
  options: OpenTelemetryObserverOptions = {},
): (event: ClientEvent | RefreshWorkerEvent) => void {
  const meter = options.meter ?? metrics.getMeter(scope)
  const available = meter.createGauge(`${metricPrefix}authorization_server.available`, {
    description: 'Whether tokens can be refreshed at the authorization server: 0 or 1',
  })
  const ofGrants = grantMetrics(meter, available)
  const ofWorkers = refreshWorkerEvents(meter, available)
  const ofRefreshes = refreshSpans(options.tracer ?? trace.getTracer(scope))
  return (event) => {
    if (isOfWorker(event)) ofWorkers(event)
    else {
      ofGrants(event)
      ofRefreshes(event)
    }
  }
}

function isOfWorker(event: ClientEvent | RefreshWorkerEvent): event is RefreshWorkerEvent {
  return event.type.startsWith('refresh-worker-')
}
