import type { Message } from '../messages/message.ts'
import { ConnectionError } from '../remote/node-http.ts'
import { statedVersion } from '../remote/request-headers.ts'
import { SessionLostError } from '../remote/upstream.ts'
import { pause } from '../remote/waiting.ts'
import type { Handshake } from './handshake.ts'

/** Sends a message in the session that it belongs to. */
export type SendInSession = (
  message: Message,
  signal: AbortSignal,
  send: () => Promise<void>,
) => Promise<void>

/** How often a message is sent again to a server that cannot have received it. */
const maximumAttempts = 3
const firstPauseMilliseconds = 250

/** Sends messages after the handshake, and again in another session if the server forgot this one. */
export function sessionSender(
  handshake: Handshake,
  lifetime: AbortSignal,
  say: (text: string) => void,
): SendInSession {
  return async (message, signal, send) => {
    // Since 2026-07-28, there are no sessions.
    const isStateless = statedVersion(message) !== undefined
    if (!isStateless) await handshake.whenReady(signal)
    const session = handshake.sessions()
    try {
      await patiently(send, signal)
    } catch (error) {
      if (!(error instanceof SessionLostError) || isStateless) throw error
      say(`Starting another session: ${error.message}.`)
      // The refusal may be late: another request has started the next session in the meantime.
      if (handshake.sessions() === session) await handshake.renew(lifetime)
      await send()
    }
  }
}

/** Sends again if no connection was made, so that a short interruption is not noticed. */
export async function patiently(send: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await send()
      return
    } catch (error) {
      const canRepeat = error instanceof ConnectionError && error.neverSent
      if (!canRepeat || attempt >= maximumAttempts || signal.aborted) throw error
      await pause(firstPauseMilliseconds * 4 ** (attempt - 1), signal)
    }
  }
}
