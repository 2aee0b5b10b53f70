import type { Gauge, Meter } from '@opentelemetry/api'
import type { ClientEvent } from '../lib/events.ts'
import { byIssuer, byOauthError } from './attributes.ts'
import { metricPrefix } from './scope.ts'

/** The buckets that SDKs use by default are for milliseconds. */
const durationBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60]
const lifetimeBuckets = [10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400]
/** The first bucket counts what was not late. */
const lateBuckets = [0, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400]

/**
 * Turns the events of grants into metrics.
 *
 * @param available - Whether each authorization server answers: 0 or 1.
 */
export function grantMetrics(meter: Meter, available: Gauge): (event: ClientEvent) => void {
  const counter = (name: string, description: string) =>
    meter.createCounter(`${metricPrefix}${name}`, { description })
  const histogram = (name: string, description: string, explicitBucketBoundaries: number[]) =>
    meter.createHistogram(`${metricPrefix}${name}`, {
      description,
      unit: 's',
      advice: { explicitBucketBoundaries },
    })
  const refreshes = counter('refreshes', 'Refresh requests that ended')
  const refused = counter('refreshes.refused', 'Refresh requests that returned no tokens')
  const adopted = counter('refreshes.adopted', 'Refreshes that another process had done')
  const deferred = counter('refreshes.deferred', 'Refreshes put off while a server fails')
  const grantsEnded = counter('grants.ended', 'Grants that the authorization server ended')
  const signIns = counter('sign_ins', 'Sign-ins of users')
  const duration = histogram(
    'refresh.duration',
    'From sending the request to saving the tokens',
    durationBuckets,
  )
  const late = histogram(
    'refresh.late',
    'How long after the expiry of the old access token the new tokens were saved',
    lateBuckets,
  )
  const lockWait = histogram('lock.wait', 'How long a process waited for a lock', durationBuckets)
  const lifetime = histogram(
    'access_token.lifetime',
    'Lifetimes of access tokens as issued',
    lifetimeBuckets,
  )
  const remaining = histogram(
    'access_token.remaining',
    'Remaining lifetime of the old access token at each refresh',
    lifetimeBuckets,
  )

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
