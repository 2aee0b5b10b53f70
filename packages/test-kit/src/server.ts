import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answers one request. A rejection destroys the socket, as a crashed server would. */
export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
) => void | Promise<void>

export interface StartServerOptions {
  /** Default 0, any free port. Set it to restart a server on its previous port. */
  readonly port?: number
}

export interface RunningServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string
  readonly port: number
  /** Stops listening and closes every connection. Calling it again has no effect. */
  close(): Promise<void>
}

/** Starts a real HTTP server on the loopback interface. */
export async function startServer(
  handler: RequestHandler,
  options: StartServerOptions = {},
): Promise<RunningServer> {
  const server = createServer((request, response) => {
    Promise.resolve()
      .then(() => handler(request, response))
      .catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new Error('The server is listening, but node:http reports no TCP address.')
  }
  const { port } = address

  let closing: Promise<void> | undefined
  function close(): Promise<void> {
    closing ??= new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
    return closing
  }

  return { url: `http://127.0.0.1:${port}`, port, close, [Symbol.asyncDispose]: close }
}

/**
 * Reads a request body as text.
 *
 * @param request - Read to its end. A body of more than one mebibyte rejects.
 */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > 1_048_576) throw new Error('The request body is larger than one mebibyte.')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * Reads a JSON object from a response.
 *
 * @returns Its members. A body that is not a JSON object rejects.
 */
export async function jsonBody(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json()
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new TypeError(`Expected a JSON object, got ${JSON.stringify(body).slice(0, 80)}.`)
  }
  return { ...body }
}
