import type { Message } from '../messages/message.ts'
import { isRequest } from '../messages/message.ts'
import type { HttpClient } from './http.ts'
import { readText } from './http.ts'
import { openLegacyStream } from './legacy-stream.ts'
import type { LegacyStream } from './legacy-stream.ts'
import type { Deliver, SendOptions, Upstream } from './upstream.ts'
import { ConnectionLostError, HttpStatusError, SessionLostError } from './upstream.ts'
import type { WakeWatch } from './wake.ts'

/** What the transport uses. */
export interface LegacySseOptions {
  readonly send: HttpClient
  /** Receives messages that belong to no request. */
  readonly deliver: Deliver
  readonly wakes: WakeWatch
}

interface Waiting {
  readonly deliver: Deliver
  readonly done: PromiseWithResolvers<void>
}

const maximumErrorBytes = 65_536
/**
 * Speaks HTTP+SSE (2024-11-05): one stream for everything that the server sends, and a second URL for
 * messages to it. A new stream is a new session.
 */
export function legacySse(serverUrl: string, options: LegacySseOptions): Upstream {
  const waiting = new Map<string, Waiting>()
  let opening: Promise<LegacyStream> | undefined
  let current: LegacyStream | undefined

  async function receive(message: Message): Promise<void> {
    const isResponse = message.method === undefined && message.id !== undefined
    const key = JSON.stringify(message.id)
    const one = isResponse ? waiting.get(key) : undefined
    await (one?.deliver ?? options.deliver)(message)
    if (one === undefined) return
    waiting.delete(key)
    one.done.resolve()
  }

  function lose(ended: LegacyStream): void {
    // A stream that another one has replaced may end late: a slow host delays its last message.
    if (current !== ended) return
    current = undefined
    for (const { done } of waiting.values()) {
      done.reject(new ConnectionLostError('the stream of the server ended before the response'))
    }
    waiting.clear()
  }

  function leave(): void {
    if (current === undefined) return
    current.end()
    lose(current)
  }

  async function stream(message: Message): Promise<LegacyStream> {
    if (current !== undefined) return current
    // Only `initialize` can start a session.
    if (message.method !== 'initialize') throw new SessionLostError('the stream has ended')
    opening ??= openLegacyStream(serverUrl, { ...options, receive, onEnd: lose }).finally(
      () => (opening = undefined),
    )
    current = await opening
    return current
  }

  async function send(message: Message, { signal, deliver, onAccepted }: SendOptions) {
    const { endpoint } = await stream(message)
    const key = JSON.stringify(message.id)
    const done = Promise.withResolvers<void>()
    done.promise.catch(() => undefined)
    if (isRequest(message)) waiting.set(key, { deliver, done })
    function forget(): void {
      waiting.delete(key)
      done.reject(signal.reason)
    }
    signal.addEventListener('abort', forget, { once: true })
    try {
      const response = await options.send({
        method: 'POST',
        url: endpoint,
        headers: { 'content-type': 'application/json' },
        body: message.text,
        signal,
      })
      onAccepted?.()
      if (response.status >= 400) {
        const text = await readText(response, maximumErrorBytes).catch(() => '')
        throw response.status === 404
          ? new SessionLostError('the server does not know the session (HTTP status 404)')
          : new HttpStatusError(response.status, text, response.header('retry-after'))
      }
      response.discard()
      if (isRequest(message)) await done.promise
    } catch (error) {
      waiting.delete(key)
      throw error
    } finally {
      signal.removeEventListener('abort', forget)
    }
  }

  return {
    send,
    // This transport has no header for the version.
    negotiated: () => undefined,
    listen: () => undefined,
    reset: leave,
    close() {
      leave()
      return Promise.resolve()
    },
  }
}
