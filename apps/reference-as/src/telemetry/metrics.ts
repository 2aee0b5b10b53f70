import type { Meter } from '@opentelemetry/api'
import type { ServerEvents } from './stats.ts'
import { metricPrefix } from '../names.ts'

const scope = '@evergrant/reference-as'

/**
 * The meter of the global OpenTelemetry provider. `undefined` when `@opentelemetry/api` is not
 * installed. Without a registered SDK, counts are discarded.
 */
export async function globalMeter(): Promise<Meter | undefined> {
  try {
    const { metrics } = await import('@opentelemetry/api')
    return metrics.getMeter(scope)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') {
      return undefined
    }
    throw error
  }
}

/**
 * Counts events as OpenTelemetry metrics: `evergrant.as.sign_ins`, `.refreshes` by `outcome`
 * (`success` or the OAuth error code), `.refreshes.replayed` (successors given again within the
 * grace), `.refreshes.kept` (tokens given back within the overlap), `.reuse_detections` by `reason`,
 * `.issuance_decisions` by `issued` and `reason`. None identifies a user or a client.
 */
export function createMetrics(meter: Meter): ServerEvents {
  const counter = (name: string, description: string) =>
    meter.createCounter(`${metricPrefix}${name}`, { description })
  const signIns = counter('sign_ins', 'Codes exchanged for tokens, those of devices included')
  const refreshes = counter('refreshes', 'Token requests with a refresh token')
  const replays = counter('refreshes.replayed', 'Successors given again within the grace')
  const kept = counter('refreshes.kept', 'Tokens given back within the overlap')
  const reuse = counter(
    'reuse_detections',
    'Sign-ins revoked because a superseded token was presented',
  )
  const decisions = counter('issuance_decisions', 'Decisions on issuing a refresh token')
  return {
    signedIn: () => signIns.add(1),
    tokenRequest(grantType, outcome) {
      if (grantType === 'refresh_token') refreshes.add(1, { outcome })
    },
    refreshTokenEvent(event) {
      if (event.type === 'replayed') replays.add(1)
      else if (event.type === 'kept') kept.add(1)
      else if (event.type === 'reuse-detected') reuse.add(1, { reason: event.reason })
      else if (event.type === 'issuance-decided') {
        const { issue, reason } = event.decision
        decisions.add(1, { issued: issue, reason })
      }
    },
  }
}
