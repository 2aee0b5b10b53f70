import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { EvergrantClientError } from '../lib/errors.ts'
import type { CallbackAddress, LoopbackHost } from './callback-address.ts'

/** An HTTP server on loopback that no client can crash, overload or keep open. */
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
 * Listens on the loopback interface.
 *
 * @param onRequest - Answers every request at once. It must not throw on any request.
 * @throws EvergrantClientError `SIGN_IN_FAILED`
 */
export async function startCallbackServer(
  address: Pick<CallbackAddress, 'host' | 'port' | 'isFixed'>,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<CallbackServer> {
  const idle = new Set<Socket>()
  const { servers, port } = await listen(address, () => newServer(idle, onRequest))
  for (const server of servers) server.unref()

  let closed: Promise<void> | undefined
  return {
    port,
    keepAlive() {
      for (const server of servers) server.ref()
    },
    close() {
      closed ??= closeAll(servers, idle)
      return closed
    },
  }
}

function newServer(
  idle: Set<Socket>,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const server = createServer({
    headersTimeout: requestTimeoutMilliseconds,
    requestTimeout: requestTimeoutMilliseconds,
    connectionsCheckingInterval: checkIntervalMilliseconds,
  })
  server.maxConnections = maximumConnections
  // A connection that cannot be accepted, for example without a free file descriptor, is an 'error'
  // of the server. Without a listener, it would end the process.
  server.on('error', () => undefined)
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
  return server
}

async function closeAll(servers: readonly Server[], idle: ReadonlySet<Socket>): Promise<void> {
  const timer = setTimeout(() => {
    for (const server of servers) server.closeAllConnections()
  }, lastAnswerMilliseconds)
  const closing = servers.map((server) => closeServer(server))
  for (const socket of idle) socket.destroy()
  await Promise.all(closing)
  clearTimeout(timer)
}

/** Ports to try until one is free on both loopback addresses. */
const maximumPorts = 10

async function listen(
  { host, port, isFixed }: Pick<CallbackAddress, 'host' | 'port' | 'isFixed'>,
  create: () => Server,
): Promise<{ readonly servers: readonly Server[]; readonly port: number }> {
  let failure: unknown
  for (let attempt = 0; attempt < (isFixed ? 1 : maximumPorts); attempt += 1) {
    try {
      return await listenOnAll(host, attempt === 0 ? port : 0, create)
    } catch (error) {
      failure = error
    }
  }
  const where = `${host === '::1' ? '[::1]' : host}${isFixed ? `:${port}` : ''}`
  const code = codeOf(failure)
  throw new EvergrantClientError(
    'SIGN_IN_FAILED',
    `The sign-in callback cannot listen on ${where}${code === undefined ? '' : ` (${code})`}. ${
      isFixed
        ? 'Free the port, or use another one that the client is registered with: the option port of loopbackSignIn, or --callback-port on the command line.'
        : 'Check what prevents this process from opening a loopback port.'
    }`,
    { cause: failure },
  )
}

/**
 * Listens on every address that a browser may use for the host. With `localhost`, another program
 * on the other loopback address would receive the response.
 */
async function listenOnAll(
  host: LoopbackHost,
  port: number,
  create: () => Server,
): Promise<{ readonly servers: readonly Server[]; readonly port: number }> {
  const first = create()
  const listeningOn = await listenOn(first, port, host === '::1' ? '::1' : '127.0.0.1')
  if (host !== 'localhost') return { servers: [first], port: listeningOn }
  const second = create()
  try {
    await listenOn(second, listeningOn, '::1')
    return { servers: [first, second], port: listeningOn }
  } catch (error) {
    // The machine has no IPv6, so no browser uses it.
    if (['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(codeOf(error) ?? '')) {
      return { servers: [first], port: listeningOn }
    }
    await closeServer(first)
    throw error
  }
}

function listenOn(server: Server, port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
