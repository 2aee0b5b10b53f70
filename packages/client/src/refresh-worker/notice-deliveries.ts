import type { DeliveryContext } from './deliver-notice.ts'
import { deliverNotice } from './deliver-notice.ts'
import type { DueGrant } from './due-grant.ts'
import { postponements } from './postponements.ts'

/** Another worker is delivering the notice. */
const busyPauseSeconds = 4

/** What deliveries of a worker need. */
export interface NoticeDeliveriesOptions extends DeliveryContext {
  /** How many notices this worker delivers at once. */
  readonly maximumAtOnce: number
  readonly random: () => number
}

/** What happened to a notice that was due. */
export interface NoticeResult {
  readonly outcome: 'delivered' | 'postponed' | 'settled'
  /** When to look at the grant again, if its record does not say so. */
  readonly againInSeconds?: number
}

/** Delivers the notice of a grant, if not too many are under way. */
export type NoticeDeliveries = (due: DueGrant) => Promise<NoticeResult>

/**
 * Limits the deliveries of one worker, so that a host that answers slowly does not keep it from
 * refreshing other grants. The other notices wait in the store, for longer the slower the host is.
 */
export function noticeDeliveries(options: NoticeDeliveriesOptions): NoticeDeliveries {
  const { clock, maximumAtOnce, random } = options
  const limits = {
    maximumConcurrentRefreshes: maximumAtOnce,
    maximumRefreshesPerSecond: Number.POSITIVE_INFINITY,
  }
  const delays = postponements(limits, random)
  let underWay = 0

  return async (due) => {
    if (underWay >= maximumAtOnce) {
      return { outcome: 'postponed', againInSeconds: delays.whenFull(maximumAtOnce) }
    }
    underWay += 1
    const startedAt = clock.nowEpochSeconds()
    try {
      const outcome = await deliverNotice(options, due)
      if (outcome === 'busy') return { outcome: 'settled', againInSeconds: busyPauseSeconds }
      return { outcome: outcome === 'delivered' ? outcome : 'settled' }
    } finally {
      underWay -= 1
      delays.tookSeconds(clock.nowEpochSeconds() - startedAt)
      if (underWay === 0) delays.queueIsEmpty()
    }
  }
}
