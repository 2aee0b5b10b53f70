import type { Attributes, Span, Tracer } from '@opentelemetry/api'
import { SpanStatusCode } from '@opentelemetry/api'
import type { ClientEvent } from '../lib/events.ts'

/** Turns the events of each refresh into a span. */
export function refreshSpans(tracer: Tracer): (event: ClientEvent) => void {
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
    switch (event.type) {
      case 'refresh-started': {
        const { attemptId, reason, issuer, resource } = event
        const attributes = { reason, issuer, resource }
        spans.set(attemptId, tracer.startSpan('evergrant.refresh', { attributes }))
        break
      }
      case 'refresh-succeeded':
        end(event.attemptId, { rotated: event.rotated })
        break
      case 'refresh-failed':
        end(event.attemptId, { outcome: event.outcome }, event.oauthError ?? event.outcome)
        break
      case 'refresh-adopted':
        if (event.attemptId !== undefined) end(event.attemptId, { outcome: 'adopted' })
        break
      case 'save-failed':
        end(event.attemptId, {}, 'the tokens could not be saved')
        break
      default:
    }
  }
}
