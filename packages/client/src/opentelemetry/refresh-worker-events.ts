import type { Gauge, Meter } from '@opentelemetry/api'
import type { RefreshWorkerEvent } from '../refresh-worker/api.ts'
import { byIssuer } from './attributes.ts'
import { metricPrefix } from './scope.ts'

/**
 * Turns the events of refresh workers into metrics.
 *
 * @param available - Whether each authorization server answers: 0 or 1.
 */
export function refreshWorkerEvents(
  meter: Meter,
  available: Gauge,
): (event: RefreshWorkerEvent) => void {
  const counter = (name: string, description: string) =>
    meter.createCounter(`${metricPrefix}refresh_worker.${name}`, { description })
  const claimed = counter('claimed', 'Due grants that workers took from the store')
  const pauses = counter('pauses', 'How often a worker stopped to refresh at a server')
  const notices = counter('notices', 'Deliveries of notices that a grant needs the user')
  const failures = counter('failures', 'Operations that failed and are repeated')

  return (event) => {
    switch (event.type) {
      case 'refresh-worker-claimed':
        claimed.add(event.grants)
        break
      case 'refresh-worker-paused': {
        const server = byIssuer(event.issuer)
        pauses.add(1, { ...server, because: event.because })
        // Other pauses are caused by the store.
        if (event.because === 'backing-off' || event.because === 'server-unavailable') {
          available.record(0, server)
        }
        break
      }
      case 'refresh-worker-notified':
        notices.add(1, { ...byIssuer(event.issuer), outcome: 'delivered' })
        break
      case 'refresh-worker-notice-failed':
        notices.add(1, { ...byIssuer(event.issuer), outcome: 'failed' })
        break
      case 'refresh-worker-failed':
        failures.add(1, event.issuer === undefined ? {} : byIssuer(event.issuer))
    }
  }
}
