import type { IncomingMessage, ServerResponse } from 'node:http'
import { readRequest } from './node/read-request.ts'
import type { RequestReading } from './node/read-request.ts'
import { writeResponse } from './node/write-response.ts'
import type { ResourceServer } from './access/resource-server.ts'
import { notify } from './lib/notify.ts'

/** Options of {@link createNodeListener}. */
export interface NodeListenerOptions {
  /** Maximum size of a request body. A larger one gets 413. Default 4 MiB. */
  readonly maximumBodyBytes?: number
  /**
   * Makes the responses of the listener (400, 413 and 500) readable for the origins that this resource
   * server allows (S-16). The handler adds the headers to its own responses.
   */
  readonly resourceServer?: Pick<ResourceServer, 'crossOrigin'>
  /**
   * Receives errors of the handler, which the client sees as a 500 without details, and errors that
   * interrupt a response. Errors that it throws are ignored.
   */
  readonly onError?: (error: unknown) => void
}

/**
 * Converts a web-standard handler, such as one from `protect`, to a listener for `node:http` and
 * `node:https`.
 *
 * The handler receives all header lines, and the body is read only when the handler reads it. A
 * request gets 400 if it repeats `Host`, `Origin`, `Content-Type`, `DPoP`, `Last-Event-ID` or an
 * `Mcp-` header, has an invalid `Host`, or has a target that is not a path. The guard answers two
 * `Authorization` lines with 400. `request.signal` aborts when the client disconnects.
 *
 * The listener never throws or leaves a rejected promise, regardless of the request. Limit the time of
 * a request with `headersTimeout` and `requestTimeout` of `createServer`. Libraries for this conversion
 * combine repeated header lines, which hides them from the guard.
 *
 * @example
 * ```ts
 * createServer(
 *   { headersTimeout: 10_000, requestTimeout: 30_000 },
 *   createNodeListener(endpoint, { maximumBodyBytes: 262_144 }),
 * )
 * ```
 */
export function createNodeListener(
  handler: (request: Request) => Response | Promise<Response>,
  options: NodeListenerOptions = {},
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const { maximumBodyBytes = 4_194_304, onError, resourceServer } = options

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const disconnected = new AbortController()
    let closedByClient = false
    outgoing.on('close', () => {
      if (outgoing.writableFinished) return
      closedByClient = outgoing.errored === null
      disconnected.abort()
    })
    try {
      const reading = readRequest(incoming, maximumBodyBytes, disconnected.signal)
      const response = await respond(incoming, reading, () => closedByClient)
      await writeResponse(outgoing, response, isOutOfStep(incoming, reading))
    } catch (error) {
      if (!closedByClient) notify(onError, error)
      outgoing.destroy()
    }
  }

  async function respond(
    incoming: IncomingMessage,
    reading: RequestReading,
    isClosedByClient: () => boolean,
  ): Promise<Response> {
    const problem = (status: 400 | 413 | 500, description: string): Response =>
      problemResponse(status, description, crossOriginHeaders(incoming, resourceServer))
    if ('refused' in reading) return problem(reading.refused, reading.description)
    try {
      return await handler(reading.request)
    } catch (error) {
      if (reading.body?.overflowed() === true) {
        return problem(413, `The request body is longer than ${maximumBodyBytes} bytes`)
      }
      if (!isClosedByClient()) notify(onError, error)
      return problem(500, 'The request failed')
    }
  }

  return (incoming, outgoing) => void serve(incoming, outgoing)
}

/**
 * Whether the connection cannot be reused. Node.js skips a body that was never read, but not one that
 * was read in part.
 */
function isOutOfStep(incoming: IncomingMessage, reading: RequestReading): boolean {
  if ('refused' in reading) return true
  return reading.body?.started() === true && !incoming.complete
}

/** `admitted` also for a preflight: the listener refuses it, and the page may know why. */
function crossOriginHeaders(
  { headers }: IncomingMessage,
  resourceServer: NodeListenerOptions['resourceServer'],
): Readonly<Record<string, string>> {
  if (resourceServer === undefined) return {}
  const { origin } = headers
  const decision = resourceServer.crossOrigin({
    method: 'GET',
    origin,
    requestMethod: undefined,
    requestHeaders: undefined,
  })
  return decision.headers
}

function problemResponse(
  status: 400 | 413 | 500,
  description: string,
  headers: Readonly<Record<string, string>>,
): Response {
  const error = status === 500 ? 'server_error' : 'invalid_request'
  return Response.json(
    { error, error_description: description },
    { status, headers: { ...headers, 'cache-control': 'no-store' } },
  )
}
