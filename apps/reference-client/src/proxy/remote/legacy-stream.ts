import { maximumMessageBytes } from '../host/host-connection.ts'
import type { Message } from '../messages/message.ts'
import { messagesIn, readEvents } from './event-stream.ts'
import type { StreamPosition } from './event-stream.ts'
import type { HttpClient, HttpResponse } from './http.ts'
import { contentType, readText } from './http.ts'
import { ConnectionLostError, HttpStatusError, UnexpectedAnswerError } from './upstream.ts'
import type { WakeWatch } from './wake.ts'

/** An open stream of HTTP+SSE (2024-11-05). */
export interface LegacyStream {
  /** The URL for messages to the server. */
  readonly endpoint: string
  end(): void
}

/** What a stream uses. */
export interface LegacyStreamOptions {
  readonly send: HttpClient
  /** Receives every message of the server. */
  readonly receive: (message: Message) => Promise<void>
  /** Called when the stream has ended after its `endpoint` event. */
  readonly onEnd: (stream: LegacyStream) => void
  readonly wakes: WakeWatch
}

const maximumErrorBytes = 65_536
/** How long a server may take to send its `endpoint` event. */
const endpointMilliseconds = 15_000

/**
 * Opens a stream, and waits for the event that names the URL for messages.
 *
 * @throws HttpStatusError, UnexpectedAnswerError, ConnectionLostError
 */
export async function openLegacyStream(
  serverUrl: string,
  options: LegacyStreamOptions,
): Promise<LegacyStream> {
  const end = new AbortController()
  const response = await options.send({
    method: 'GET',
    url: serverUrl,
    headers: { accept: 'text/event-stream' },
    signal: end.signal,
    isRepeatable: true,
  })
  if (response.status !== 200 || contentType(response) !== 'text/event-stream') {
    const text = await readText(response, maximumErrorBytes).catch(() => '')
    throw new HttpStatusError(response.status, text, response.header('retry-after'))
  }
  const endpoint = Promise.withResolvers<string>()
  const timer = setTimeout(() => {
    endpoint.reject(new UnexpectedAnswerError('the stream has no endpoint event'))
    response.discard()
  }, endpointMilliseconds)
  const reading = read(serverUrl, response, endpoint, options)
  try {
    const url = await endpoint.promise
    const stream = {
      endpoint: url,
      end: () => end.abort(new Error('the stream is not needed')),
    }
    void reading.finally(() => options.onEnd(stream))
    return stream
  } finally {
    clearTimeout(timer)
  }
}

async function read(
  serverUrl: string,
  response: HttpResponse,
  endpoint: PromiseWithResolvers<string>,
  { receive, wakes }: LegacyStreamOptions,
): Promise<void> {
  const position: StreamPosition = { lastEventId: undefined, retryMilliseconds: undefined }
  const unsubscribe = wakes.subscribe(() => response.discard())
  try {
    for await (const event of readEvents(response.body, position, maximumMessageBytes)) {
      if (event.type === 'endpoint') endpoint.resolve(endpointUrl(event.data, serverUrl))
      if (event.type !== 'message') continue
      for (const message of messagesIn(event.data, () => undefined)) await receive(message)
    }
    endpoint.reject(new ConnectionLostError('the stream ended before its endpoint event'))
  } catch (error) {
    endpoint.reject(error)
  } finally {
    unsubscribe()
  }
}

/** The endpoint must be on the same origin: it gets the access token. */
function endpointUrl(data: string, serverUrl: string): string {
  const url = URL.canParse(data.trim(), serverUrl) ? new URL(data.trim(), serverUrl) : undefined
  if (url === undefined || url.origin !== new URL(serverUrl).origin) {
    throw new UnexpectedAnswerError(
      `the endpoint event names ${JSON.stringify(data.slice(0, 200))} (expected a URL on ${new URL(serverUrl).origin})`,
    )
  }
  return url.href
}
