import type { ResourceServer } from '@evergrant/resource-server'
import {
  crossOriginDecision,
  metadataResponse,
  preflightResponse,
  withCrossOriginHeaders,
} from '@evergrant/resource-server/fetch'
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
} from '@modelcontextprotocol/server'
import { passedOwner } from '../access/caller.ts'
import type { NotesStore } from '../notes/notes-store.ts'
import { buildNotesServer } from '../notes/notes-server.ts'
import type { Exchange } from './exchange.ts'
import { healthPath, healthResponse } from './health.ts'
import { createMessageGuard } from './message-guard.ts'
import type { MessageGuardOptions } from './message-guard.ts'
import { foreignOriginResponse } from './responses.ts'

/** The server as a web-standard handler. */
export interface McpEndpoint {
  fetch(request: Request, exchange: Exchange): Promise<Response>
  /** Ends open streams. */
  close(): Promise<void>
}

/** What {@link createMcpEndpoint} is given. */
export interface McpEndpointOptions extends MessageGuardOptions {
  readonly store: NotesStore
  /** Receives why the MCP SDK refused or failed a request. May contain remote text. */
  readonly observeProblem: (error: Error) => void
}

/** Serves the metadata, the health check, and the notes to callers with an access token. */
export function createMcpEndpoint(
  resourceServer: ResourceServer,
  options: McpEndpointOptions,
): McpEndpoint {
  const { store, stats } = options
  const { hostname, pathname } = new URL(resourceServer.resource)
  const hosts = [...localhostAllowedHostnames(), hostname]
  const mcp = createMcpHandler(
    ({ authInfo }) => buildNotesServer(store.of(passedOwner(authInfo)), store),
    // No stream has anything to announce.
    { maxSubscriptions: 100, onerror: options.observeProblem },
  )
  const answerMessage = createMessageGuard(resourceServer, mcp.fetch, options)

  async function answer(request: Request, exchange: Exchange, path: string): Promise<Response> {
    const metadata = metadataResponse(resourceServer, request)
    if (metadata !== undefined) {
      exchange.operation = 'metadata'
      return metadata
    }
    // Refuse a web page whose host name resolves to this machine (DNS rebinding).
    const foreignHost = hostHeaderValidationResponse(request, hosts)
    if (foreignHost !== undefined) {
      exchange.reason = 'foreign-host'
      return foreignHost
    }
    if (path === healthPath && path !== pathname) {
      exchange.operation = 'health'
      return healthResponse(request, store)
    }
    const crossOrigin = crossOriginDecision(resourceServer, request)
    if (crossOrigin.kind === 'foreign') {
      exchange.reason = 'foreign-origin'
      return foreignOriginResponse(request)
    }
    if (crossOrigin.kind === 'preflight') {
      exchange.operation = 'preflight'
      return preflightResponse(crossOrigin)
    }
    if (path !== pathname) {
      return withCrossOriginHeaders(new Response(null, { status: 404 }), crossOrigin)
    }
    exchange.operation = 'mcp'
    return withCrossOriginHeaders(await answerMessage(request, exchange), crossOrigin)
  }

  return {
    async fetch(request, exchange) {
      const path = new URL(request.url).pathname
      const response = await answer(request, exchange, path)
      if (exchange.reason !== undefined) stats.refused(exchange.reason)
      if (path === pathname) stats.answered(response.status)
      return response
    },
    close: () => mcp.close(),
  }
}
