/**
 * A small MCP server that requires a bearer token, as a process: its work must not count as the work of a
 * proxy. With an authorization server in the arguments, it names that one, and checks when a token expires.
 *
 *     node mcp-server.ts <issuer>
 */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'

const [issuer = ''] = process.argv.slice(2)
const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => answer(request, Buffer.concat(parts).toString(), response))
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${originOf()}\n`)
})
process.once('disconnect', () => process.exit())

function originOf(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function answer(request: IncomingMessage, text: string, response: ServerResponse): void {
  const origin = originOf()
  if (request.url?.startsWith('/.well-known/oauth-protected-resource') === true) {
    json(response, 200, { resource: `${origin}/mcp`, authorization_servers: [issuer] })
    return
  }
  if (request.url !== '/mcp') {
    response.writeHead(404).end()
    return
  }
  if (!isUsable(request.headers.authorization)) {
    const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`
    response.setHeader(
      'www-authenticate',
      `Bearer resource_metadata="${metadata}", scope="mcp:read"`,
    )
    json(response, 401, { error: 'invalid_token' })
    return
  }
  if (request.method !== 'POST') {
    response.writeHead(405).end()
    return
  }
  const message: { id?: unknown; method?: string } = JSON.parse(text)
  if (message.id === undefined) response.writeHead(202).end()
  else json(response, 200, { jsonrpc: '2.0', id: message.id, result: resultOf(message.method) })
}

function resultOf(method: string | undefined): unknown {
  if (method === 'initialize') {
    return {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'bench', version: '1' },
    }
  }
  return method === 'tools/list'
    ? { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }
    : { content: [{ type: 'text', text: 'ok' }] }
}

/** The tokens of the authorization server are JWTs. Verifying them would cost more than the answer. */
function isUsable(authorization: string | undefined): boolean {
  const payload = /^Bearer [\w-]+\.([\w-]+)\./.exec(authorization ?? '')?.[1]
  if (payload === undefined) return authorization === 'Bearer opaque'
  const { exp }: { exp: number } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  return exp > Date.now() / 1000
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
