import type { Gauge, Meter } from '@opentelemetry/api'
import type { ClientEvent } from '../lib/events.ts'
import { byIssuer, byOauthError } from './attributes.ts'

/** The first bucket counts what was not late. */
const lateBuckets = [0, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400]

/**
 * Turns the events of grants into metrics.
 *
 * @param available - Whether each authorization server answers: 0 or 1.
 */
export function grantMetrics(meter: Meter, available: Gauge): (event: ClientEvent) => void {
  const seconds = { unit: 's' }
  const refreshes = meter.createCounter('evergrant.client.refreshes')
  const refused = meter.createCounter('evergrant.client.refreshes.refused')
  const adopted = meter.createCounter('evergrant.client.refreshes.adopted')
  const deferred = meter.createCounter('evergrant.client.refreshes.deferred')
  const duration = meter.createHistogram('evergrant.client.refresh.duration', seconds)
  const late = meter.createHistogram('evergrant.client.refresh.late', {
    ...seconds,
    advice: { explicitBucketBoundaries: lateBuckets },
  })
  const lockWait = meter.createHistogram('evergrant.client.lock.wait', seconds)
  const lifetime = meter.createHistogram('evergrant.client.access_token.lifetime', seconds)
  const remaining = meter.createHistogram('evergrant.client.access_token.remaining', seconds)
  const grantsEnded = meter.createCounter('evergrant.client.grants.ended')
  const signIns = meter.createCounter('evergrant.client.sign_ins')

  return (event) => {
    const server = byIssuer(event.issuer)
    switch (event.type) {
      case 'refresh-started':
        if (event.remainingSeconds !== undefined) remaining.record(event.remainingSeconds, server)
        break
      case 'refresh-succeeded': {
        const { reason, durationSeconds, expiresInSeconds, lateSeconds } = event
        refreshes.add(1, { ...server, outcome: 'succeeded', reason })
        duration.record(durationSeconds, server)
        if (expiresInSeconds !== undefined) lifetime.record(expiresInSeconds, server)
        // Histograms accept no negative values.
        if (lateSeconds !== undefined) late.record(Math.max(0, lateSeconds), server)
        available.record(1, server)
        break
      }
      case 'refresh-failed': {
        const { outcome, reason, oauthError } = event
        refreshes.add(1, { ...server, outcome, reason })
        refused.add(1, { ...server, outcome, ...byOauthError(oauthError) })
        // Only this outcome starts a back-off (C-53).
        if (outcome === 'transient') available.record(0, server)
        break
      }
      case 'refresh-adopted':
        adopted.add(1, { ...server, reason: event.reason })
        available.record(1, server)
        break
      case 'refresh-deferred':
        deferred.add(1, { ...server, reason: event.reason })
        available.record(0, server)
        break
      case 'lock-waited':
        lockWait.record(event.durationSeconds, { ...server, outcome: event.outcome })
        break
      case 'grant-ended':
        grantsEnded.add(1, { ...server, reason: event.reason })
        break
      case 'signed-in':
        signIns.add(1, { ...server, refreshToken: event.refreshToken })
        break
      default:
    }
  }
}
