import type { TransportStrategy } from '../flags/table.ts'
import type { Message } from '../messages/message.ts'
import { rpcErrorIn } from '../messages/rpc-errors.ts'
import type { SendOptions, Upstream } from './upstream.ts'
import { HttpStatusError } from './upstream.ts'

/** The transports of a server. */
export interface Transports {
  readonly http: Upstream
  readonly sse: Upstream
}

/** Statuses with which a server of the other transport answers the first request. */
const otherTransport: ReadonlySet<number> = new Set([400, 404, 405, 406, 415])

/**
 * Chooses the transport with the first `initialize`: the first one of the strategy that the server
 * does not refuse.
 *
 * @see MCP 2025-11-25, Transports: Backwards Compatibility
 */
export function chosenTransport(strategy: TransportStrategy, { http, sse }: Transports): Upstream {
  const [first, second] = strategy.startsWith('sse') ? [sse, http] : [http, sse]
  const hasChoice = strategy.endsWith('-first')
  let chosen = first
  let isSettled = !hasChoice

  async function sendFirst(message: Message, options: SendOptions): Promise<void> {
    try {
      await first.send(message, options)
    } catch (error) {
      if (!isOtherTransport(error)) throw error
      try {
        await second.send(message, options)
      } catch {
        // The refusal of the preferred transport says more.
        throw error
      }
      chosen = second
    }
    isSettled = true
  }

  return {
    send: (message, options) =>
      isSettled || message.method !== 'initialize'
        ? chosen.send(message, options)
        : sendFirst(message, options),
    negotiated: (version) => chosen.negotiated(version),
    listen: () => chosen.listen(),
    reset: () => chosen.reset(),
    close: (signal) => chosen.close(signal),
  }
}

/** A server of 2026-07-28 refuses `initialize` with an error of its own. */
function isOtherTransport(error: unknown): boolean {
  if (!(error instanceof HttpStatusError) || !otherTransport.has(error.status)) return false
  const code = rpcErrorIn(error.text)?.code ?? 0
  return code > -32_020 || code < -32_099
}
