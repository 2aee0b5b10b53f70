import { createServer } from 'node:http'
import { isLoopbackHost } from '@evergrant/core/network'
import { createNodeListener } from '@evergrant/resource-server/node'
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  isLegacyRequest,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
} from '@modelcontextprotocol/server'
import type { McpHttpHandler } from '@modelcontextprotocol/server'
import { McpServerError } from '../errors.ts'
import { listen, stopAccepting } from '../http/listen.ts'
import { readMessage } from '../http/message.ts'
import { createSessions } from './sessions.ts'
import { buildSuiteServer } from './suite-server.ts'

/** A running server for the official conformance suite. */
export interface RunningConformanceServer extends AsyncDisposable {
  readonly url: string
}

/**
 * Starts a server with the tools, resources and prompts of the official conformance suite, which sends
 * no tokens: the server requires none, and so listens on loopback only.
 *
 * @throws {McpServerError} `OPTION_INVALID` for a host that other machines can reach, `LISTEN_FAILED`.
 */
export async function startConformanceServer(
  host: string,
  port: number,
): Promise<RunningConformanceServer> {
  if (!isLoopbackHost(host)) {
    throw new McpServerError(
      'OPTION_INVALID',
      `The option --conformance is set and --host is ${JSON.stringify(host)}, which other machines ` +
        'can reach (expected a loopback address, because this mode has no authorization). Remove ' +
        '--host, or remove --conformance.',
    )
  }
  const sessions = createSessions()
  const mcp: McpHttpHandler = createMcpHandler(() => buildSuiteServer(mcp.notify), {
    legacy: 'reject',
  })

  async function answer(request: Request): Promise<Response> {
    // A web page must not reach this server, which has no other protection.
    const foreign =
      hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
      originValidationResponse(request, localhostAllowedOrigins())
    if (foreign !== undefined) return foreign
    if (new URL(request.url).pathname !== '/mcp') return new Response(null, { status: 404 })
    const reading = await readMessage(request)
    if ('refused' in reading) return reading.refused
    const { message } = reading
    return (await isLegacyRequest(request, message))
      ? await sessions.fetch(request, message)
      : await mcp.fetch(request, { parsedBody: message })
  }

  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000 })
  const origin = await listen(server, port, host)
  server.on('error', () => undefined)
  server.on('request', createNodeListener(answer, { maximumBodyBytes: 262_144 }))
  return {
    url: `${origin}/mcp`,
    async [Symbol.asyncDispose]() {
      const closed = stopAccepting(server)
      await sessions.close()
      await mcp.close()
      server.closeAllConnections()
      await closed
    },
  }
}
