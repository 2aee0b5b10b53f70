import type { AccessRefused, ResourceServer, VerifiedAccessToken } from '@evergrant/resource-server'
import {
  authenticateRequest,
  crossOriginDecision,
  metadataResponse,
  preflightResponse,
  refusalResponse,
  withCrossOriginHeaders,
  withDpopNonce,
} from '@evergrant/resource-server/fetch'
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
} from '@modelcontextprotocol/server'
import { authInfoOf, createCallerIds, ownerOf, passedOwner } from '../access/caller.ts'
import { calledTools, operationName, requiredScopes } from '../access/operation-scopes.ts'
import type { NotesStore, Owner } from '../notes/notes-store.ts'
import { buildNotesServer } from '../notes/notes-server.ts'
import type { StatsRecorder } from '../telemetry/stats.ts'
import type { Exchange } from './exchange.ts'
import { healthPath, healthResponse } from './health.ts'
import { messageCount, readMessage } from './message.ts'
import type { RateLimiter } from './rate-limiter.ts'
import { errorResponse, foreignOriginResponse, tooManyResponse } from './responses.ts'

/** The server as a web-standard handler. */
export interface McpEndpoint {
  fetch(request: Request, exchange: Exchange): Promise<Response>
  /** Ends open streams. */
  close(): Promise<void>
}

/** What {@link createMcpEndpoint} is given. */
export interface McpEndpointOptions {
  readonly store: NotesStore
  readonly stats: StatsRecorder
  /** By caller: messages. */
  readonly callLimiter: RateLimiter
  /** By network: requests without a valid access token. */
  readonly refusalLimiter: RateLimiter
  /** Receives why a token could not be verified (S-18). */
  readonly observeUnverifiable: (cause: Error) => void
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
  const answerMessage = createMessageGuard(resourceServer, options, (request, accepted) =>
    mcp.fetch(request, accepted),
  )

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

type McpFetch = ReturnType<typeof createMcpHandler>['fetch']

/** Passes on the messages that their senders may send, and answers the others. */
function createMessageGuard(
  resourceServer: ResourceServer,
  { stats, callLimiter, refusalLimiter, observeUnverifiable }: McpEndpointOptions,
  handle: McpFetch,
): (request: Request, exchange: Exchange) => Promise<Response> {
  const callerIdOf = createCallerIds()

  function refuse(refusal: AccessRefused, exchange: Exchange): Response {
    exchange.reason = refusal.reason
    if (refusal.cause instanceof Error) observeUnverifiable(refusal.cause)
    // An outage of the authorization server is not the client's fault, and a 403 is for a known caller.
    if (refusal.status === 400 || refusal.status === 401) refusalLimiter.count(exchange.network)
    return refusalResponse(refusal)
  }

  async function answerCaller(
    request: Request,
    exchange: Exchange,
    { token, owner }: Caller,
  ): Promise<Response> {
    const caller = callerIdOf(owner)
    exchange.caller = caller
    const calledTooOften = callLimiter.blockedForSeconds(caller)
    if (calledTooOften !== undefined) return tooMany(exchange, 'too-many-requests', calledTooOften)
    const reading = await readMessage(request)
    if ('refused' in reading) {
      exchange.reason = 'message-invalid'
      return reading.refused
    }
    const { message } = reading
    exchange.operation = operationName(message)
    const seconds = callLimiter.count(caller, messageCount(message))
    if (seconds !== undefined) return tooMany(exchange, 'too-many-requests', seconds)
    // #region scopes
    const decision = resourceServer.decideScopes(token, requiredScopes(message))
    if (!decision.allowed) return refuse(decision, exchange)
    // The SDK gets the parsed message, so it handles exactly the message that was authorized.
    const authInfo = authInfoOf(token, owner)
    const response = await handle(request, { authInfo, parsedBody: message })
    // #endregion scopes
    for (const tool of calledTools(message)) stats.called(tool)
    return response
  }

  return async (request, exchange) => {
    const refusedTooOften = refusalLimiter.blockedForSeconds(exchange.network)
    if (refusedTooOften !== undefined) {
      return tooMany(exchange, 'too-many-refusals', refusedTooOften)
    }
    // #region authenticate
    // Verify the token first: the body of an unknown sender is not read.
    const authentication = await authenticateRequest(resourceServer, request)
    if (!authentication.authenticated) return refuse(authentication.refusal, exchange)
    const { token } = authentication
    const owner = ownerOf(token)
    // #endregion authenticate
    if (owner === undefined) {
      exchange.reason = 'nameless-caller'
      return errorResponse(403, 'The access token names neither a user nor a client.')
    }
    const response = await answerCaller(request, exchange, { token, owner })
    return withDpopNonce(response, authentication.dpopNonce)
  }
}

interface Caller {
  readonly token: VerifiedAccessToken
  readonly owner: Owner
}

function tooMany(
  exchange: Exchange,
  reason: 'too-many-requests' | 'too-many-refusals',
  seconds: number,
): Response {
  exchange.reason = reason
  return tooManyResponse(seconds)
}
