import { maximumMessageBytes } from '../host/host-connection.ts'
import type { RequestMessage } from '../messages/message.ts'
import { isResponseTo } from '../messages/message.ts'
import { messagesIn, readEvents } from './event-stream.ts'
import type { StreamPosition } from './event-stream.ts'
import type { HttpResponse } from './http.ts'
import type { Deliver } from './upstream.ts'
import { ConnectionLostError } from './upstream.ts'
import type { WakeWatch } from './wake.ts'

/** What following a stream uses. */
export interface FollowOptions {
  readonly deliver: Deliver
  readonly signal: AbortSignal
  readonly wakes: WakeWatch
  readonly say: (text: string) => void
  /** Opens the stream again after its last event; absent if the protocol version cannot resume. */
  readonly resume:
    | ((position: StreamPosition, failures: number) => Promise<HttpResponse | undefined>)
    | undefined
}

/** How long a server may keep a stream open after the response. */
const lingerMilliseconds = 5000

/**
 * Reads the stream of a request up to its response, and resumes it if it breaks.
 *
 * @throws ConnectionLostError
 */
export async function followRequest(
  first: HttpResponse,
  request: RequestMessage,
  options: FollowOptions,
): Promise<void> {
  const { signal, resume } = options
  const position: StreamPosition = { lastEventId: undefined, retryMilliseconds: undefined }
  let response = first
  let failures = 0
  for (;;) {
    const { hasResponse, events } = await readUntilResponse(response, request, position, options)
    if (hasResponse) return
    signal.throwIfAborted()
    if (resume === undefined || position.lastEventId === undefined) {
      throw new ConnectionLostError('the stream ended before the response')
    }
    failures = events > 0 ? 1 : failures + 1
    const reopened = await resume(position, failures)
    if (reopened === undefined) throw new ConnectionLostError('the stream could not be resumed')
    response = reopened
  }
}

async function readUntilResponse(
  response: HttpResponse,
  request: RequestMessage,
  position: StreamPosition,
  { deliver, wakes, say }: FollowOptions,
): Promise<{ readonly hasResponse: boolean; readonly events: number }> {
  const unsubscribe = wakes.subscribe(() => {
    if (position.lastEventId !== undefined) response.discard()
  })
  let hasResponse = false
  let events = 0
  let linger: NodeJS.Timeout | undefined
  try {
    for await (const event of readEvents(response.body, position, maximumMessageBytes)) {
      events += 1
      if (event.type !== 'message') continue
      for (const message of messagesIn(event.data, say)) {
        await deliver(message)
        if (!isResponseTo(message, request.id)) continue
        hasResponse = true
        linger ??= setTimeout(() => response.discard(), lingerMilliseconds)
        linger.unref()
      }
    }
  } catch (error) {
    if (!hasResponse) {
      const reason = error instanceof Error ? error.message : 'unknown reason'
      say(`The stream of a request broke: ${reason}.`)
    }
  } finally {
    clearTimeout(linger)
    unsubscribe()
  }
  return { hasResponse, events }
}
