import type { Attributes, Meter, Span, Tracer } from '@opentelemetry/api'
import { metrics, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ClientEvent, GrantEvent, Observer } from './events.ts'

/** Settings of {@link openTelemetryObserver}. */
export interface OpenTelemetryObserverOptions {
  /** Default: the global provider's meter `@evergrant/client`. */
  readonly meter?: Meter | undefined
  /** Default: the global provider's tracer `@evergrant/client`. */
  readonly tracer?: Tracer | undefined
}

const scope = '@evergrant/client'

/**
 * An observer that turns events into OpenTelemetry metrics and spans. Hand it to a session, token
 * manager or keeper as `observe`; one serves many.
 *
 * Metrics: `evergrant.client.refreshes` (by `outcome` and `reason`), `.refreshes.adopted`,
 * `.refreshes.deferred`, `.refresh.duration`, `.lock.wait` (by `outcome`), `.access_token.lifetime`,
 * `.grants.ended` (by `reason`), `.sign_ins`, `.authorization_server.available` (1, or 0 while it is
 * left alone). Each has the attribute `issuer`; none says whose grant it was. Spans:
 * `evergrant.refresh`, from the request to the saved answer.
 */
export function openTelemetryObserver(options: OpenTelemetryObserverOptions = {}): Observer {
  const meter = options.meter ?? metrics.getMeter(scope)
  const tracer = options.tracer ?? trace.getTracer(scope)
  const seconds = { unit: 's' }
  const refreshes = meter.createCounter('evergrant.client.refreshes')
  const adopted = meter.createCounter('evergrant.client.refreshes.adopted')
  const deferred = meter.createCounter('evergrant.client.refreshes.deferred')
  const duration = meter.createHistogram('evergrant.client.refresh.duration', seconds)
  const lockWait = meter.createHistogram('evergrant.client.lock.wait', seconds)
  const lifetime = meter.createHistogram('evergrant.client.access_token.lifetime', seconds)
  const grantsEnded = meter.createCounter('evergrant.client.grants.ended')
  const signIns = meter.createCounter('evergrant.client.sign_ins')
  const available = meter.createGauge('evergrant.client.authorization_server.available')
  const spans = new Map<string, Span>()

  function begin(event: GrantEvent, attributes: Attributes): void {
    const { issuer, resource } = event
    // A refresh whose tokens somebody else had replaced meanwhile ends without an event of its own.
    end(event, {})
    const span = tracer.startSpan('evergrant.refresh', {
      attributes: { ...attributes, issuer, resource },
    })
    spans.set(keyOf(event), span)
  }

  function end(event: GrantEvent, attributes: Attributes, failure?: string): void {
    const key = keyOf(event)
    const span = spans.get(key)
    spans.delete(key)
    span?.setAttributes(attributes)
    if (failure !== undefined) span?.setStatus({ code: SpanStatusCode.ERROR, message: failure })
    span?.end()
  }

  return (event: ClientEvent) => {
    const { issuer } = event
    switch (event.type) {
      case 'refresh-started':
        begin(event, { reason: event.reason })
        break
      case 'refresh-succeeded':
        refreshes.add(1, { issuer, outcome: 'succeeded', reason: event.reason })
        duration.record(event.durationSeconds, { issuer })
        if (event.expiresInSeconds !== undefined) {
          lifetime.record(event.expiresInSeconds, { issuer })
        }
        available.record(1, { issuer })
        end(event, { rotated: event.rotated })
        break
      case 'refresh-failed':
        refreshes.add(1, { issuer, outcome: event.outcome, reason: event.reason })
        end(event, { outcome: event.outcome }, event.oauthError ?? event.outcome)
        break
      case 'refresh-adopted':
        adopted.add(1, { issuer, reason: event.reason })
        break
      case 'refresh-deferred':
        deferred.add(1, { issuer, reason: event.reason })
        available.record(0, { issuer })
        break
      case 'save-failed':
        end(event, {}, 'the tokens could not be saved')
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
      case 'refresh-recovering':
      case 'scope-narrowed':
      case 'signed-out':
        break
    }
  }
}

function keyOf({ issuer, resource, clientId }: GrantEvent): string {
  return JSON.stringify([issuer, resource, clientId])
}
