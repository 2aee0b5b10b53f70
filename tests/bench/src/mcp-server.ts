import type { RunningServer } from '@evergrant/test-kit'
import { readBody, startServer } from '@evergrant/test-kit'

/** An MCP server with one tool that answers at once, so that the client dominates the measurement. */
export interface TinyMcpServer extends AsyncDisposable {
  readonly url: string
  /** Resolves when this many clients have requested a stream of messages, which is refused. */
  streamsRefused(count: number): Promise<void>
}

/**
 * Starts a stateless MCP server over Streamable HTTP.
 *
 * @param clock - For the expiry of access tokens. Their signatures are not checked.
 */
export async function startTinyMcpServer(
  issuer: string,
  clock: { nowEpochSeconds(): number },
): Promise<TinyMcpServer> {
  let streams = 0
  let notifyWaiting: (() => void) | undefined
  const server: RunningServer = await startServer(async (request, response) => {
    const body = await readBody(request)
    const json = { 'content-type': 'application/json' }
    if (request.url === '/.well-known/oauth-protected-resource/mcp') {
      const metadata = {
        resource: `${server.url}/mcp`,
        authorization_servers: [issuer],
        scopes_supported: ['mcp:read'],
      }
      response.writeHead(200, json).end(JSON.stringify(metadata))
    } else if (request.url !== '/mcp') {
      response.writeHead(404).end()
    } else if (!isGood(request.headers.authorization, clock.nowEpochSeconds())) {
      const metadata = `${server.url}/.well-known/oauth-protected-resource/mcp`
      const challenge = `Bearer error="invalid_token", resource_metadata="${metadata}"`
      response.writeHead(401, { ...json, 'www-authenticate': challenge }).end('{}')
    } else if (request.method !== 'POST') {
      response.writeHead(405).end()
      streams += 1
      notifyWaiting?.()
    } else {
      const result = answer(JSON.parse(body))
      if (result === undefined) response.writeHead(202).end()
      else response.writeHead(200, json).end(JSON.stringify(result))
    }
  })
  return {
    url: `${server.url}/mcp`,
    streamsRefused: (count) =>
      new Promise((resolve) => {
        notifyWaiting = () => {
          if (streams >= count) resolve()
        }
        notifyWaiting()
      }),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

function isGood(authorization: string | undefined, nowEpochSeconds: number): boolean {
  const payload = /^Bearer [^.]+\.([^.]+)\./.exec(authorization ?? '')?.[1]
  if (payload === undefined) return false
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
  const expires = member(claims, 'exp')
  return typeof expires === 'number' && nowEpochSeconds < expires
}

function answer(message: unknown): object | undefined {
  const id = member(message, 'id')
  if (id === undefined) return undefined
  return { jsonrpc: '2.0', id, result: resultOf(message) }
}

function resultOf(message: unknown): object {
  switch (member(message, 'method')) {
    case 'initialize':
      return {
        protocolVersion: member(member(message, 'params'), 'protocolVersion'),
        capabilities: { tools: {} },
        serverInfo: { name: 'tiny', version: '1.0.0' },
      }
    case 'tools/list':
      return { tools: [{ name: 'ping', inputSchema: { type: 'object' } }] }
    default:
      return { content: [{ type: 'text', text: 'pong' }] }
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}
