import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemCodeOf, WorkerError } from '../lib/errors.ts'
import type { ListenAddress } from '../settings/worker-settings.ts'
import type { Health } from './health.ts'
import type { ProcessMetrics } from './metrics.ts'

/** The server for health checks and metrics. */
export interface OperationsServer {
  readonly url: string
  close(): Promise<void>
}

const maximumConnections = 100
const requestTimeoutMilliseconds = 10_000

/** @throws WorkerError `LISTEN_FAILED` */
export async function startOperationsServer(
  address: ListenAddress,
  health: Health,
  metrics: Pick<ProcessMetrics, 'answer'>,
): Promise<OperationsServer> {
  const server = createServer(
    { requestTimeout: requestTimeoutMilliseconds, headersTimeout: requestTimeoutMilliseconds },
    (request, response) => answer(request, response, health, metrics),
  )
  server.maxConnections = maximumConnections
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenFailed(address, cause)))
    server.listen(address.port, address.host, resolve)
  })
  // A connection that cannot be accepted. Without a listener, the process would end.
  server.on('error', () => undefined)
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port
  return {
    url: `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  health: Health,
  metrics: Pick<ProcessMetrics, 'answer'>,
): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    send(response, 405, 'only GET and HEAD')
    return
  }
  switch (request.url?.split('?', 1)[0]) {
    case '/healthz':
      if (health.isAlive()) send(response, 200, 'ok')
      else send(response, 503, 'the loop of the worker does not run')
      break
    case '/readyz':
      if (health.isReady()) send(response, 200, 'ok')
      else send(response, 503, 'the store does not answer, or the worker is stopping')
      break
    case '/metrics':
      metrics.answer(request, response)
      break
    default:
      send(response, 404, 'expected /healthz, /readyz or /metrics')
  }
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${text}\n`)
}

function listenFailed({ host, port }: ListenAddress, cause: unknown): WorkerError {
  const code = systemCodeOf(cause)
  return new WorkerError(
    'LISTEN_FAILED',
    `Cannot listen on ${host}:${port}${code === undefined ? '' : ` (${code})`}. Choose another address with --listen, or turn it off with --listen off.`,
    { cause },
  )
}
