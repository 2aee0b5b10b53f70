import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { cookieStore } from './cookies.ts'
import type { HttpClient, HttpRequest, HttpResponse } from './http.ts'

/** Limits of connections and responses. `0` means no limit. */
export interface HttpLimits {
  readonly connectTimeoutMilliseconds: number
  /** How long the response headers may take. */
  readonly headersTimeoutMilliseconds: number
  /** The longest pause within a response body. */
  readonly bodyTimeoutMilliseconds: number
}

/** Options of {@link nodeHttpClient}. */
export interface NodeHttpOptions extends HttpLimits {
  /** Connect only to IPv4 addresses. */
  readonly ipv4Only: boolean
  /** Keep the cookies that the server sets, for load balancers that use them. */
  readonly cookies: boolean
}

/** An HTTP client, and a way to end its connections. */
export interface NodeHttpClient {
  readonly send: HttpClient
  close(): void
}

/** A response that did not arrive. `code` is the code of the system or of the time limit. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly code: string
  /** Whether the server cannot have received the request. */
  readonly neverSent: boolean

  constructor(code: string, message: string, neverSent: boolean, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.neverSent = neverSent
  }
}

/**
 * How long an unused connection is used again, if the server does not say how long it keeps one.
 * Many servers close it after 5 s.
 */
const unusedSeconds = 4
const keepAliveMilliseconds = 30_000

interface Connections {
  readonly agent: Agent
  readonly request: (url: string, options: RequestOptions) => ClientRequest
}

/**
 * Sends requests with `node:http`, which needs a fraction of the memory of `fetch`.
 *
 * Connections that were unused for longer than the server keeps them are closed before a request, by
 * the clock of the machine: timers do not run while it sleeps.
 */
export function nodeHttpClient(options: NodeHttpOptions): NodeHttpClient {
  const cookies = options.cookies ? cookieStore() : undefined
  const connections = new Map<string, Connections>()
  let lastUsedAt = 0
  let unusedMilliseconds = unusedSeconds * 1000

  function connectionsFor(protocol: string): Connections {
    const known = connections.get(protocol)
    if (known !== undefined) return known
    const opened = openConnections(protocol, options)
    connections.set(protocol, opened)
    return opened
  }

  function noteUse(response: IncomingMessage): void {
    lastUsedAt = Date.now()
    const hint = /timeout=(\d{1,4})/i.exec(String(response.headers['keep-alive'] ?? ''))?.[1]
    if (hint !== undefined) unusedMilliseconds = Math.max(0, Number(hint) - 1) * 1000
  }

  async function sendOnce(request: HttpRequest): Promise<HttpResponse> {
    const { agent, request: open } = connectionsFor(new URL(request.url).protocol)
    if (Date.now() - lastUsedAt > unusedMilliseconds) closeUnused(agent)
    const cookie = cookies?.headerFor(request.url)
    const headers =
      cookie === undefined || 'cookie' in request.headers
        ? request.headers
        : { ...request.headers, cookie }
    const response = await exchange({ ...request, headers }, agent, open, options)
    noteUse(response)
    cookies?.keep(request.url, response.headers['set-cookie'] ?? [])
    return responseOf(response, options.bodyTimeoutMilliseconds, () => {
      lastUsedAt = Date.now()
    })
  }

  return {
    async send(request) {
      try {
        return await sendOnce(request)
      } catch (error) {
        const isStale = error instanceof ConnectionError && error.code === 'CONNECTION_CLOSED'
        if (!isStale || request.isRepeatable !== true || request.signal.aborted) throw error
        return await sendOnce(request)
      }
    },
    close() {
      for (const { agent } of connections.values()) agent.destroy()
    },
  }
}

function openConnections(protocol: string, options: NodeHttpOptions): Connections {
  const settings = {
    keepAlive: true,
    maxSockets: Number.POSITIVE_INFINITY,
    ...(options.ipv4Only ? { family: 4 } : {}),
  }
  // TLS costs memory, so it is loaded only for https. An import of `node:http` would evaluate all its
  // exports, and one of them loads the memory of `fetch`.
  const { Agent: AgentOf, request } = process.getBuiltinModule(
    protocol === 'https:' ? 'node:https' : 'node:http',
  )
  return { agent: new AgentOf(settings), request }
}

function closeUnused(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy()
  }
}

function exchange(
  { method, url, headers, body, signal }: HttpRequest,
  agent: Agent,
  open: Connections['request'],
  limits: HttpLimits,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const request = open(url, { method, agent, headers: { ...headers, ...length } })
    let isConnected = false
    const limit = limitOf(request, limits)

    function abort(): void {
      request.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
    }
    function settle(): void {
      limit.end()
    }
    signal.addEventListener('abort', abort, { once: true })
    request.once('close', () => signal.removeEventListener('abort', abort))
    request.once('socket', (socket) => {
      // Finds out when the other end of an open stream disappeared.
      socket.setKeepAlive(true, keepAliveMilliseconds)
      isConnected = !socket.connecting
      if (socket.connecting) socket.once('connect', () => (isConnected = true))
    })
    request.once('response', (response) => {
      settle()
      resolve(response)
    })
    request.once('error', (cause: NodeJS.ErrnoException) => {
      settle()
      if (signal.aborted) reject(signal.reason)
      else reject(cause instanceof ConnectionError ? cause : connectionError(cause, isConnected))
    })
    request.end(body)
  })
}

/** Ends a request that takes too long to connect, or whose response headers take too long. */
function limitOf(request: ClientRequest, limits: HttpLimits): { end(): void } {
  const { connectTimeoutMilliseconds: connect, headersTimeoutMilliseconds: headers } = limits
  let timer: NodeJS.Timeout | undefined
  function start(milliseconds: number, expired: () => ConnectionError): void {
    clearTimeout(timer)
    if (milliseconds === 0) return
    timer = setTimeout(() => request.destroy(expired()), milliseconds)
  }
  function waitForHeaders(): void {
    start(headers, () => headersTimeout(headers))
  }
  request.once('socket', (socket) => {
    if (!socket.connecting) {
      waitForHeaders()
      return
    }
    start(connect, () => connectTimeout(connect))
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', waitForHeaders)
  })
  return { end: () => clearTimeout(timer) }
}

function connectTimeout(milliseconds: number): ConnectionError {
  return new ConnectionError(
    'CONNECT_TIMEOUT',
    `no connection within ${milliseconds / 1000} s`,
    true,
  )
}

function headersTimeout(milliseconds: number): ConnectionError {
  return new ConnectionError(
    'HEADERS_TIMEOUT',
    `no response within ${milliseconds / 1000} s`,
    false,
  )
}

const closedCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE'])

function connectionError(cause: NodeJS.ErrnoException, isConnected: boolean): ConnectionError {
  const code = cause.code ?? 'UNKNOWN'
  return isConnected && closedCodes.has(code)
    ? new ConnectionError('CONNECTION_CLOSED', 'the server closed the connection', false, cause)
    : new ConnectionError(code, cause.message, !isConnected, cause)
}

function responseOf(
  response: IncomingMessage,
  bodyTimeoutMilliseconds: number,
  onEnd: () => void,
): HttpResponse {
  response.once('end', onEnd)
  // An error is reported to the reader of the body. Without a reader, it does not matter.
  response.on('error', () => undefined)
  return {
    status: response.statusCode ?? 0,
    header(name) {
      const value = response.headers[name.toLowerCase()]
      return Array.isArray(value) ? value.join(', ') : value
    },
    body: bodyOf(response, bodyTimeoutMilliseconds),
    discard: () => discard(response),
  }
}

/** A short body is read to its end, so that the connection can be used again. */
function discard(response: IncomingMessage): void {
  const length = Number(response.headers['content-length'] ?? Number.NaN)
  if (length <= 65_536) response.resume()
  else response.destroy()
}

async function* bodyOf(
  response: IncomingMessage,
  timeoutMilliseconds: number,
): AsyncGenerator<Uint8Array> {
  const decoded = await decodedBody(response)
  let timer: NodeJS.Timeout | undefined
  function wait(): void {
    clearTimeout(timer)
    if (timeoutMilliseconds === 0) return
    timer = setTimeout(
      () => response.destroy(bodyTimeout(timeoutMilliseconds)),
      timeoutMilliseconds,
    )
  }
  try {
    wait()
    for await (const chunk of decoded) {
      clearTimeout(timer)
      yield chunk
      wait()
    }
  } finally {
    clearTimeout(timer)
  }
}

function bodyTimeout(milliseconds: number): ConnectionError {
  return new ConnectionError('BODY_TIMEOUT', `no data for ${milliseconds / 1000} s`, false)
}

/** No encoding is requested. Some servers use one nevertheless. */
async function decodedBody(response: IncomingMessage): Promise<AsyncIterable<Uint8Array>> {
  const encoding = (response.headers['content-encoding'] ?? 'identity').toLowerCase()
  if (encoding === 'identity') return response
  const { createBrotliDecompress, createUnzip } = await import('node:zlib')
  const { pipeline } = await import('node:stream')
  const decoder = encoding === 'br' ? createBrotliDecompress() : createUnzip()
  return pipeline(response, decoder, () => undefined)
}
