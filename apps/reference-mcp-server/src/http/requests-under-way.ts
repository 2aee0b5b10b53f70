import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Exchange } from './exchange.ts'

/** The requests that are being answered. */
export interface RequestsUnderWay {
  add(outgoing: ServerResponse, exchange: Exchange): void
  /**
   * Waits for the requests under way. From now on, each response closes its connection.
   *
   * @param maximumWaitMilliseconds - Then it stops waiting.
   */
  whenDone(maximumWaitMilliseconds: number): Promise<void>
}

export function trackRequests(): RequestsUnderWay {
  const underWay = new Map<ServerResponse, Exchange>()
  let isEnding = false

  /** A subscription is left out: it ends only when one side closes it. */
  function next(): ServerResponse | undefined {
    for (const [outgoing, { operation }] of underWay) {
      if (operation !== 'subscriptions/listen') return outgoing
    }
    return undefined
  }

  return {
    add(outgoing, exchange) {
      underWay.set(outgoing, exchange)
      outgoing.once('close', () => underWay.delete(outgoing))
      if (isEnding) outgoing.setHeader('connection', 'close')
    },
    async whenDone(maximumWaitMilliseconds) {
      isEnding = true
      const expired = AbortSignal.timeout(maximumWaitMilliseconds)
      for (let outgoing = next(); outgoing !== undefined; outgoing = next()) {
        await once(outgoing, 'close', { signal: expired }).catch(() => undefined)
        if (expired.aborted) return
      }
    },
  }
}
