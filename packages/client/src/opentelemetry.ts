import type { Attributes, Meter, Span, Tracer } from '@opentelemetry/api'
import { metrics, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ClientEvent } from './lib/events.ts'
import type { RefreshWorkerEvent } from './refresh-worker/api.ts'

/** Options of {@link openTelemetryObserver}. */
export interface OpenTelemetryObserverOptions {
  /** Default: the meter `@evergrant/client` of the global provider. */
  readonly meter?: Meter | undefined
  /** Default: the tracer `@evergrant/client` of the global provider. */
  readonly tracer?: Tracer | undefined
}

const scope = '@evergrant/client'

/**
 * An observer that turns events into OpenTelemetry metrics and spans. Pass it as `observe` to
 * sessions, token managers and refresh workers. They can share one observer.
 *
 * Metrics: `evergrant.client.refreshes` (by `outcome` and `reason`), `.refreshes.adopted`,
 * `.refreshes.deferred`, `.refresh.duration`, `.lock.wait` (by `outcome`), `.access_token.lifetime`
 * (as issued), `.access_token.remaining` (the remaining lifetime of the old token at each refresh),
 * `.grants.ended` (by `reason`), `.sign_ins`, `.authorization_server.available` (0 while the client is
 * backing off from a server, and 1 after the server issues tokens again). Each has the attribute
 * `issuer`. None identifies the user.
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
  const tracer = options.tracer ?? trace.getTracer(scope)
  const seconds = { unit: 's' }
  const refreshes = meter.createCounter('evergrant.client.refreshes')
  const adopted = meter.createCounter('evergrant.client.refreshes.adopted')
  const deferred = meter.createCounter('evergrant.client.refreshes.deferred')
  const duration = meter.createHistogram('evergrant.client.refresh.duration', seconds)
  const lockWait = meter.createHistogram('evergrant.client.lock.wait', seconds)
  const lifetime = meter.createHistogram('evergrant.client.access_token.lifetime', seconds)
  const remaining = meter.createHistogram('evergrant.client.access_token.remaining', seconds)
  const grantsEnded = meter.createCounter('evergrant.client.grants.ended')
  const signIns = meter.createCounter('evergrant.client.sign_ins')
  const available = meter.createGauge('evergrant.client.authorization_server.available')
  /** By attempt, because the users of a host share all other attributes. */
  const spans = new Map<string, Span>()

  function end(attemptId: string, attributes: Attributes, failure?: string): void {
    const span = spans.get(attemptId)
    spans.delete(attemptId)
    span?.setAttributes(attributes)
    if (failure !== undefined) span?.setStatus({ code: SpanStatusCode.ERROR, message: failure })
    span?.end()
  }

  return (event) => {
    if (event.type === 'refresh-worker-claimed' || event.type === 'refresh-worker-failed') return
    const { issuer } = event
    switch (event.type) {
      case 'refresh-started': {
        const { attemptId, reason, resource, remainingSeconds } = event
        const attributes = { reason, issuer, resource }
        spans.set(attemptId, tracer.startSpan('evergrant.refresh', { attributes }))
        if (remainingSeconds !== undefined) remaining.record(remainingSeconds, { issuer })
        break
      }
      case 'refresh-succeeded':
        refreshes.add(1, { issuer, outcome: 'succeeded', reason: event.reason })
        duration.record(event.durationSeconds, { issuer })
        if (event.expiresInSeconds !== undefined) {
          lifetime.record(event.expiresInSeconds, { issuer })
        }
        available.record(1, { issuer })
        end(event.attemptId, { rotated: event.rotated })
        break
      case 'refresh-failed':
        refreshes.add(1, { issuer, outcome: event.outcome, reason: event.reason })
        // Only this outcome starts a back-off (C-53).
        if (event.outcome === 'transient') available.record(0, { issuer })
        end(event.attemptId, { outcome: event.outcome }, event.oauthError ?? event.outcome)
        break
      case 'refresh-adopted':
        adopted.add(1, { issuer, reason: event.reason })
        available.record(1, { issuer })
        if (event.attemptId !== undefined) end(event.attemptId, { outcome: 'adopted' })
        break
      case 'refresh-deferred':
        deferred.add(1, { issuer, reason: event.reason })
        available.record(0, { issuer })
        break
      case 'save-failed':
        end(event.attemptId, {}, 'the tokens could not be saved')
        break
      case 'refresh-worker-paused':
        // Other pauses are caused by the store.
        if (event.because === 'backing-off' || event.because === 'server-unavailable') {
          available.record(0, { issuer })
        }
        break
      case 'lock-waited':
        lockWait.record(event.durationSeconds, { issuer, outcome: event.outcome })
        break
      case 'grant-ended':
        grantsEnded.add(1, { issuer, reason: event.reason })
        break
      case 'signed-in':
        signIns.add(1, { issuer, refreshToken: event.refreshToken })
        break
      case 'refresh-worker-notified':
      case 'refresh-worker-notice-failed':
      case 'assumption-made':
      case 'grant-expiring':
      case 'refresh-recovering':
      case 'scope-narrowed':
      case 'client-registered-again':
      case 'sign-in-fallback':
      case 'signed-out':
        break
    }
  }
}
