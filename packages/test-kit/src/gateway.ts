import { request as startRequest } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { LoggedRequest } from './request-log.ts'
import { parseRequest } from './request-log.ts'
import { readBody, startServer } from './server.ts'

/** A request as the gateway received it. */
export type GatewayRequest = Pick<
  LoggedRequest,
  'method' | 'path' | 'query' | 'form' | 'json' | 'headers'
>

/** A reverse proxy on loopback that makes one origin of several servers. */
export interface Gateway extends AsyncDisposable {
  /** The origin of all servers behind it. */
  readonly origin: string
  /** Passes requests on whose path is one of these or below it. A later call has precedence. */
  route(paths: readonly string[], url: string): void
  /** All requests until now, in the order of their arrival. They contain the secrets of the test. */
  requests(): readonly GatewayRequest[]
  close(): Promise<void>
}

/** Starts the gateway first, because the servers behind it must know its origin. */
export async function startGateway(): Promise<Gateway> {
  const routes: { readonly paths: readonly string[]; readonly url: string }[] = []
  const requests: GatewayRequest[] = []
  const server = await startServer(async (incoming, outgoing) => {
    const body = await readBody(incoming)
    const parsed = parseRequest(incoming, body)
    requests.push(parsed)
    const route = routes.find(({ paths }) => paths.some((path) => isBelow(parsed.path, path)))
    if (route === undefined) outgoing.writeHead(404).end()
    else await passOn(incoming, body, outgoing, route.url)
  })
  return {
    origin: server.url,
    route(paths, url) {
      routes.unshift({ paths, url })
    },
    requests: () => requests,
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

function isBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(parent.endsWith('/') ? parent : `${parent}/`)
}

/** Leaves the headers unchanged, also `Host`, because the servers have the gateway's origin. */
async function passOn(
  incoming: IncomingMessage,
  body: string,
  outgoing: ServerResponse,
  url: string,
): Promise<void> {
  const target = new URL(incoming.url ?? '/', url)
  const headers = { ...incoming.headers }
  // The body is complete, so it has a length.
  delete headers['transfer-encoding']
  if (body !== '') headers['content-length'] = `${Buffer.byteLength(body)}`
  const forwarded = startRequest(target, { method: incoming.method, headers })
  outgoing.once('close', () => forwarded.destroy())
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    forwarded.once('response', resolve).once('error', reject)
    forwarded.end(body)
  })
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
  // An event stream sends its headers before its first event.
  outgoing.flushHeaders()
  await pipeline(answer, outgoing)
}
