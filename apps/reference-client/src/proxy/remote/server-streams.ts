import { maximumMessageBytes } from '../host/host-connection.ts'
import { messagesIn, readEvents } from './event-stream.ts'
import type { StreamPosition } from './event-stream.ts'
import type { HttpClient, HttpResponse } from './http.ts'
import { contentType } from './http.ts'
import type { Deliver } from './upstream.ts'
import { pause, reconnectDelay } from './waiting.ts'
import type { WakeWatch } from './wake.ts'

/** The streams that a client opens with GET. */
export interface ServerStreams {
  /** Opens a broken stream again after its last event; `undefined` if the server refuses. */
  resume(
    position: StreamPosition,
    firstFailure: number,
    signal: AbortSignal,
  ): Promise<HttpResponse | undefined>
  /** Keeps the stream for messages of the server open, as long as the server offers one. */
  listen(signal: AbortSignal): Promise<void>
}

/** What the streams use. */
export interface ServerStreamsOptions {
  readonly url: string
  readonly send: HttpClient
  /** The headers of the session. */
  readonly headers: () => Readonly<Record<string, string>>
  readonly deliver: Deliver
  readonly wakes: WakeWatch
  readonly say: (text: string) => void
}

const maximumResumes = 8

export function serverStreams(options: ServerStreamsOptions): ServerStreams {
  async function open(position: StreamPosition, signal: AbortSignal): Promise<HttpResponse> {
    const { lastEventId } = position
    return await options.send({
      method: 'GET',
      url: options.url,
      headers: {
        accept: 'text/event-stream',
        ...options.headers(),
        ...(lastEventId === undefined ? {} : { 'last-event-id': headerText(lastEventId) }),
      },
      signal,
      isRepeatable: true,
    })
  }

  async function read(response: HttpResponse, position: StreamPosition): Promise<number> {
    const unsubscribe = options.wakes.subscribe(() => response.discard())
    let events = 0
    try {
      for await (const event of readEvents(response.body, position, maximumMessageBytes)) {
        events += 1
        if (event.type !== 'message') continue
        for (const message of messagesIn(event.data, options.say)) await options.deliver(message)
      }
    } catch {
      // The stream is opened again.
    } finally {
      unsubscribe()
    }
    return events
  }

  return {
    async resume(position, firstFailure, signal) {
      for (let failures = firstFailure; failures <= maximumResumes; failures += 1) {
        await pause(reconnectDelay(position, failures), signal)
        signal.throwIfAborted()
        const response = await open(position, signal).catch(() => undefined)
        if (response === undefined) continue
        if (isEventStream(response)) return response
        response.discard()
        if (isFinal(response)) return undefined
      }
      return undefined
    },
    async listen(signal) {
      const position: StreamPosition = { lastEventId: undefined, retryMilliseconds: undefined }
      for (let failures = 0; !signal.aborted; failures += 1) {
        if (failures > 0) await pause(reconnectDelay(position, failures), signal)
        if (signal.aborted) return
        const response = await open(position, signal).catch((error: unknown) => {
          const reason = error instanceof Error ? error.message : 'unknown reason'
          options.say(`The stream of the server could not be opened: ${reason}.`)
          return undefined
        })
        if (response === undefined) continue
        if (isEventStream(response)) {
          if ((await read(response, position)) > 0) failures = 0
          continue
        }
        response.discard()
        if (isFinal(response)) return
      }
    },
  }
}

/** A header carries bytes. The bytes of an ID are UTF-8 (HTML standard, Server-sent events). */
function headerText(lastEventId: string): string {
  return Buffer.from(lastEventId, 'utf8').toString('latin1')
}

function isEventStream(response: HttpResponse): boolean {
  return response.status === 200 && contentType(response) === 'text/event-stream'
}

/** 405: the server has no such stream. Other refusals of the client do not change either. */
function isFinal({ status }: HttpResponse): boolean {
  return status < 500 && status !== 429
}
