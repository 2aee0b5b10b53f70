import type { IncomingMessage } from 'node:http'
import { ReadableStream } from 'node:stream/web'

/** A request body that is read when its consumer asks for it, and no further than a limit. */
export interface LimitedBody {
  readonly stream: ReadableStream<Uint8Array>
  /** Whether anything was read from the connection. */
  readonly started: () => boolean
  /** Whether the body is longer than allowed; reading it fails then. */
  readonly overflowed: () => boolean
}

export function limitedBody(incoming: IncomingMessage, maximumBytes: number): LimitedBody {
  let started = false
  let receivedBytes = 0

  async function* read(): AsyncGenerator<Uint8Array> {
    started = true
    // Destroying the message would destroy the connection that the answer has to go through.
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
    // It pulls nothing ahead: what a guard refuses was never read.
    stream: ReadableStream.from(read()),
    started: () => started,
    overflowed: () => receivedBytes > maximumBytes,
  }
}
