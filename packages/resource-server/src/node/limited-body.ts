import type { IncomingMessage } from 'node:http'
import { ReadableStream } from 'node:stream/web'

/** A request body that is read on demand, up to a limit. */
export interface LimitedBody {
  readonly stream: ReadableStream<Uint8Array>
  /** Whether reading has started. */
  readonly started: () => boolean
  /** Whether the body exceeded the limit. Reading it then fails. */
  readonly overflowed: () => boolean
}

export function limitedBody(incoming: IncomingMessage, maximumBytes: number): LimitedBody {
  let started = false
  let receivedBytes = 0

  async function* read(): AsyncGenerator<Uint8Array> {
    started = true
    // Destroying the message would destroy the connection of the response.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      const bytes = Uint8Array.from(chunk)
      receivedBytes += bytes.byteLength
      if (receivedBytes > maximumBytes) {
        throw new Error(`The request body is longer than ${maximumBytes} bytes.`)
      }
      yield bytes
    }
  }

  return {
    // Nothing is read ahead: the body of a refused request is never read.
    stream: ReadableStream.from(read()),
    started: () => started,
    overflowed: () => receivedBytes > maximumBytes,
  }
}
