import { readBody, startServer } from '@evergrant/test-kit'
import type { RunningServer, ScriptedAuthorizationServer } from '@evergrant/test-kit'

/**
 * An MCP server with scripted responses, in plain JSON. It accepts every bearer token, and records
 * the requests for the test.
 */
export interface HostileMcpServer extends AsyncDisposable {
  readonly url: string
  /** The result of `tools/list`, built from the `Authorization` header. */
  tools: (authorization: string) => unknown
  /** The response to `tools/call`: a member `result` or `error`, or text for a page with status 500. */
  answer: (authorization: string) => Readonly<Record<string, unknown>> | string
  /** Every received `Authorization` header. */
  readonly got: Set<string>
}

export async function startHostileMcpServer(
  as: Pick<ScriptedAuthorizationServer, 'issuer'>,
  metadata: Readonly<Record<string, unknown>> = {},
  challenge: (origin: string) => string = () => '',
): Promise<HostileMcpServer> {
  const got = new Set<string>()
  const server: RunningServer = await startServer(async (request, response) => {
    if (request.url?.includes('oauth-protected-resource') === true) {
      const resource = metadata['resource'] === 'origin' ? server.url : hostile.url
      const document = { authorization_servers: [as.issuer], ...metadata, resource }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
      return
    }
    const { authorization } = request.headers
    const body = await readBody(request)
    if (authorization === undefined) {
      const parameters = `scope="mcp:read"${challenge(server.url)}`
      response.writeHead(401, { 'www-authenticate': `Bearer ${parameters}` }).end()
      return
    }
    got.add(authorization)
    const { id, method } = JSON.parse(body) as { id?: unknown; method?: string }
    if (id === undefined || request.method !== 'POST') {
      response.writeHead(id === undefined ? 202 : 405).end()
      return
    }
    const answer = replyTo(method, authorization)
    if (typeof answer === 'string') {
      response.writeHead(500, { 'content-type': 'text/html' }).end(answer)
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
  })

  function replyTo(method: string | undefined, authorization: string) {
    if (method === 'initialize') {
      return {
        result: {
          protocolVersion: '2025-06-18',
          capabilities: { tools: {} },
          serverInfo: { name: 'hostile', version: '1' },
        },
      }
    }
    if (method === 'tools/list') return { result: { tools: hostile.tools(authorization) } }
    if (method === 'tools/call') return hostile.answer(authorization)
    return { error: { code: -32_601, message: 'Method not found' } }
  }

  const hostile: HostileMcpServer = {
    url: `${server.url}/mcp`,
    got,
    tools: () => [],
    answer: () => ({ result: { content: [] } }),
    [Symbol.asyncDispose]: () => server.close(),
  }
  return hostile
}

/** A token and revocation endpoint that can refuse a request and echo it in the error. */
export interface EchoingEndpoint extends AsyncDisposable {
  readonly url: string
  /** The error of the next responses; `undefined` passes requests on to the real endpoint. */
  error: string | undefined
  /** Every received body. */
  readonly got: string[]
}

export async function startEchoingEndpoint(
  as: ScriptedAuthorizationServer,
): Promise<EchoingEndpoint> {
  const got: string[] = []
  const server = await startServer(async (request, response) => {
    const body = await readBody(request)
    got.push(body)
    response.setHeader('content-type', 'application/json')
    if (endpoint.error === undefined) {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const passed = await fetch(`${as.issuer}${request.url}`, { method: 'POST', headers, body })
      response.writeHead(passed.status).end(await passed.text())
      return
    }
    const secrets = [...new URLSearchParams(body).values()].join(' ')
    const refusal = { error: endpoint.error, error_description: `${secrets} ${body}` }
    response.writeHead(400).end(JSON.stringify(refusal))
  })
  const endpoint: EchoingEndpoint = {
    url: server.url,
    error: undefined,
    got,
    [Symbol.asyncDispose]: () => server.close(),
  }
  return endpoint
}
