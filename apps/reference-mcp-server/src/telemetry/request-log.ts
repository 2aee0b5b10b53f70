import type { ServerResponse } from 'node:http'
import type { Exchange } from '../http/exchange.ts'
import type { Log } from './log.ts'

/** Writes one entry when the response is complete or the connection is closed. */
export function logWhenClosed(outgoing: ServerResponse, exchange: Exchange, log: Log): void {
  const startedAt = performance.now()
  outgoing.once('close', () => {
    const { statusCode, writableFinished, req } = outgoing
    const { id, operation, reason, caller } = exchange
    log({
      level: statusCode >= 500 ? 'error' : 'info',
      event: 'request',
      id,
      // Node.js accepts only methods that it knows, so this is not free text.
      method: req.method,
      operation,
      status: statusCode,
      reason: reason ?? (writableFinished ? undefined : 'interrupted'),
      caller,
      milliseconds: Math.round(performance.now() - startedAt),
    })
  })
}
