import type { IncomingMessage } from 'node:http'
import { readBody, startServer } from './server.ts'
import type { RunningServer, StartServerOptions } from './server.ts'

/** Serves a web-standard handler over a real socket, with all header lines. */
export async function startFetchServer(
  handler: (request: Request) => Response | Promise<Response>,
  options: StartServerOptions = {},
): Promise<RunningServer> {
  return await startServer(async (incoming, response) => {
    const answer = await handler(await toRequest(incoming))
    const headers = Object.fromEntries(answer.headers)
    response.writeHead(answer.status, headers)
    response.end(Buffer.from(await answer.arrayBuffer()))
  }, options)
}

async function toRequest(incoming: IncomingMessage): Promise<Request> {
  const headers = new Headers()
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '')
  }
  const method = incoming.method ?? 'GET'
  const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? '127.0.0.1'}`)
  const body = method === 'GET' || method === 'HEAD' ? undefined : await readBody(incoming)
  return new Request(url, { method, headers, ...(body === undefined ? {} : { body }) })
}
