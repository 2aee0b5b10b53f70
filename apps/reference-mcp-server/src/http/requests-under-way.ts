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
  const underWay = new Set<Exchange>()
  const done = Promise.withResolvers<void>()
  let isEnding = false

  function resolveIfDone(): void {
    // A subscription does not count: it ends only when one side closes it.
    const isWaiting = [...underWay].some(({ operation }) => operation !== 'subscriptions/listen')
    if (!isWaiting) done.resolve()
  }

  return {
    add(outgoing, exchange) {
      underWay.add(exchange)
      outgoing.once('close', () => {
        underWay.delete(exchange)
        if (isEnding) resolveIfDone()
      })
      if (isEnding) outgoing.setHeader('connection', 'close')
    },
    async whenDone(maximumWaitMilliseconds) {
      isEnding = true
      resolveIfDone()
      const timer = setTimeout(() => done.resolve(), maximumWaitMilliseconds)
      await done.promise
      clearTimeout(timer)
    },
  }
}
