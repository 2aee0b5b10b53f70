import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { EvergrantClientError } from '../lib/errors.ts'

/** An HTTP server on 127.0.0.1 that no client can crash, overload or keep open. */
export interface CallbackServer {
  readonly port: number
  /** Makes the server keep the process alive. A new server does not. */
  keepAlive(): void
  /**
   * Stops listening and ends every connection. A response that is being sent gets at most one second.
   * Idle connections and incomplete requests are closed at once.
   */
  close(): Promise<void>
}

/** Every program on this machine can connect. A browser opens only a few connections. */
const maximumConnections = 64
/** For the complete request: a callback is a GET of a few hundred bytes from this machine. */
const requestTimeoutMilliseconds = 10_000
const checkIntervalMilliseconds = 1000
const lastAnswerMilliseconds = 1000

/**
 * Listens on 127.0.0.1.
 *
 * @param port - The preferred port. If it is taken, and for 0, any free port.
 * @param onRequest - Answers every request at once. It must not throw on any request.
 * @throws EvergrantClientError `SIGN_IN_FAILED`
 */
export async function startCallbackServer(
  port: number,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<CallbackServer> {
  const server = createServer({
    headersTimeout: requestTimeoutMilliseconds,
    requestTimeout: requestTimeoutMilliseconds,
    connectionsCheckingInterval: checkIntervalMilliseconds,
  })
  server.maxConnections = maximumConnections
  // A connection that cannot be accepted, for example without a free file descriptor, is an 'error'
  // of the server. Without a listener, it would end the process.
  server.on('error', () => undefined)
  const idle = new Set<Socket>()
  server.on('connection', (socket) => {
    idle.add(socket)
    socket.once('close', () => idle.delete(socket))
  })
  server.on('request', (request, response) => {
    // Every response is the last one of its connection.
    idle.delete(request.socket)
    response.on('error', () => undefined)
    onRequest(request, response)
  })
  const listeningOn = await listen(server, port)
  server.unref()

  let closed: Promise<void> | undefined
  return {
    port: listeningOn,
    keepAlive: () => void server.ref(),
    close() {
      closed ??= new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), lastAnswerMilliseconds)
        server.close(() => {
          clearTimeout(timer)
          resolve()
        })
        for (const socket of idle) socket.destroy()
      })
      return closed
    },
  }
}

async function listen(server: Server, port: number): Promise<number> {
  try {
    return await listenOn(server, port)
  } catch (cause) {
    if (port !== 0) return await listen(server, 0)
    throw new EvergrantClientError(
      'SIGN_IN_FAILED',
      'The sign-in callback cannot listen on 127.0.0.1. Check what prevents this process from opening a loopback port.',
      { cause },
    )
  }
}

function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}
