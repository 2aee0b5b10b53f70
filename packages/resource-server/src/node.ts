import type { IncomingMessage, ServerResponse } from 'node:http'
import { readRequest } from './node/read-request.ts'
import type { RequestReading } from './node/read-request.ts'
import { writeResponse } from './node/write-response.ts'
import { tell } from './lib/tell.ts'

/** Options of {@link createNodeListener}. */
export interface NodeListenerOptions {
  /** Longest request body that is read; a longer one is answered 413. Default 4 MiB. */
  readonly maximumBodyBytes?: number
  /**
   * Hears what the handler throws, which the client gets to see as a bare 500, and what breaks a
   * response off. What it throws is dropped.
   */
  readonly onError?: (error: unknown) => void
}

/**
 * Makes a listener for `node:http` and `node:https` out of a web-standard handler, such as the one
 * of `protect`.
 *
 * The handler sees every header line that was sent, and the body only when it reads it. A request
 * that repeats `Host`, `Origin`, `Content-Type`, `DPoP`, `Last-Event-ID` or an `Mcp-` header, has
 * an invalid `Host`, or whose target is not a path is answered 400; two `Authorization` lines are
 * left to the guard, which answers 400. `request.signal` aborts when the client goes away.
 *
 * Nothing is thrown and no promise is left to reject, whatever a client sends. How long a client
 * may take is a setting of the server: `headersTimeout` and `requestTimeout` of `createServer`.
 */
export function createNodeListener(
  handler: (request: Request) => Response | Promise<Response>,
  options: NodeListenerOptions = {},
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const { maximumBodyBytes = 4_194_304, onError } = options

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const gone = new AbortController()
    let leftByClient = false
    outgoing.on('close', () => {
      if (outgoing.writableFinished) return
      leftByClient = outgoing.errored === null
      gone.abort()
    })
    try {
      const reading = readRequest(incoming, maximumBodyBytes, gone.signal)
      const response = await respond(reading, () => leftByClient)
      await writeResponse(outgoing, response, isOutOfStep(incoming, reading))
    } catch (error) {
      if (!leftByClient) tell(onError, error)
      outgoing.destroy()
    }
  }

  async function respond(
    reading: RequestReading,
    isLeftByClient: () => boolean,
  ): Promise<Response> {
    if ('refused' in reading) return problem(reading.refused, reading.description)
    try {
      return await handler(reading.request)
    } catch (error) {
      if (reading.body?.overflowed() === true) {
        return problem(413, `The request body is longer than ${maximumBodyBytes} bytes`)
      }
      if (!isLeftByClient()) tell(onError, error)
      return problem(500, 'The request failed')
    }
  }

  return (incoming, outgoing) => void serve(incoming, outgoing)
}

/**
 * Whether the next request on the connection could not be found. A body that was never started is
 * skipped by Node.js; one that was read in part is not.
 */
function isOutOfStep(incoming: IncomingMessage, reading: RequestReading): boolean {
  if ('refused' in reading) return true
  return reading.body?.started() === true && !incoming.complete
}

function problem(status: 400 | 413 | 500, description: string): Response {
  const error = status === 500 ? 'server_error' : 'invalid_request'
  return Response.json(
    { error, error_description: description },
    { status, headers: { 'cache-control': 'no-store' } },
  )
}
