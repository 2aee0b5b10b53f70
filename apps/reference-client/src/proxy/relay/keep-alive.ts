import { randomUUID } from 'node:crypto'
import { messageFrom } from '../messages/message.ts'
import type { Upstream } from '../remote/upstream.ts'
import { commandName } from '../../names.ts'

/** What keeps a session alive. */
export interface KeepAliveOptions {
  readonly upstream: Upstream
  readonly intervalSeconds: number
  /** Whether there is a session, with a protocol version that has `ping`. */
  readonly hasSession: () => boolean
  readonly signal: AbortSignal
}

/** Sends a `ping` at an interval, so that nothing between here and the server drops a quiet session. */
export function keepAlive({
  upstream,
  intervalSeconds,
  hasSession,
  signal,
}: KeepAliveOptions): void {
  const timer = setInterval(() => {
    if (!hasSession()) return
    const ping = messageFrom({ id: `${commandName}-ping-${randomUUID()}`, method: 'ping' })
    const limit = AbortSignal.any([signal, AbortSignal.timeout(intervalSeconds * 1000)])
    // The host has not sent it, so it does not get the response.
    upstream.send(ping, { signal: limit, deliver: () => Promise.resolve() }).catch(() => undefined)
  }, intervalSeconds * 1000)
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}
