import type { AccessRefused, ResourceServer, VerifiedAccessToken } from '@evergrant/resource-server'
import {
  authenticateRequest,
  crossOriginDecision,
  metadataResponse,
  preflightResponse,
  refusalResponse,
  withCrossOriginHeaders,
} from '@evergrant/resource-server/fetch'
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
} from '@modelcontextprotocol/server'
import type { AuthInfo } from '@modelcontextprotocol/server'
import { createNotebooks } from './notes.ts'
import { buildNotesServer } from './notes-server.ts'
import { calledTool, requiredScopes } from './scopes.ts'
import type { StatsRecorder } from './stats.ts'

/** The MCP endpoint as a web-standard handler. */
export interface McpEndpoint {
  fetch(request: Request): Promise<Response>
  close(): Promise<void>
}

/**
 * Protects the MCP SDK's handler.
 *
 * @param log - Receives why a token could not be verified (S-18).
 */
export function createMcpEndpoint(
  resourceServer: ResourceServer,
  stats: StatsRecorder,
  log: (message: string) => void,
): McpEndpoint {
  const { hostname, pathname } = new URL(resourceServer.resource)
  const hosts = [...localhostAllowedHostnames(), hostname]
  const notebooks = createNotebooks()
  const mcp = createMcpHandler(({ authInfo }) => buildNotesServer(notebooks.of(ownerOf(authInfo))))

  async function answer(request: Request): Promise<Response> {
    // Refuse a web page whose host name resolves to this machine (DNS rebinding).
    const foreignHost = hostHeaderValidationResponse(request, hosts)
    if (foreignHost !== undefined) return foreignHost
    const crossOrigin = crossOriginDecision(resourceServer, request)
    if (crossOrigin.kind === 'foreign') return foreignOrigin(request)
    if (crossOrigin.kind === 'preflight') return preflightResponse(crossOrigin)
    const response =
      new URL(request.url).pathname === pathname
        ? await answerMessage(request)
        : new Response(null, { status: 404 })
    return withCrossOriginHeaders(response, crossOrigin)
  }

  async function answerMessage(request: Request): Promise<Response> {
    // #region guard
    // Verify the token first: the body of an unknown sender is not read.
    const authentication = await authenticateRequest(resourceServer, request)
    if (!authentication.authenticated) return refuse(authentication.refusal)
    const message = parseJson(await request.clone().text())
    const decision = resourceServer.decideScopes(authentication.token, requiredScopes(message))
    if (!decision.allowed) return refuse(decision)
    const tool = calledTool(message)
    if (tool !== undefined) stats.called(tool)
    // Pass the parsed message, so that the SDK handles the message that was authorized.
    const parsedBody = message === undefined ? {} : { parsedBody: message }
    return await mcp.fetch(request, { authInfo: authInfoOf(decision.token), ...parsedBody })
    // #endregion guard
  }

  function refuse(refusal: AccessRefused): Response {
    stats.refused(refusal.reason)
    if (refusal.cause instanceof Error) log(refusal.cause.message)
    return refusalResponse(refusal)
  }

  return {
    async fetch(request) {
      const metadata = metadataResponse(resourceServer, request)
      if (metadata !== undefined) return metadata
      const response = await answer(request)
      if (new URL(request.url).pathname === pathname) stats.answered(response.status)
      return response
    },
    close: () => mcp.close(),
  }
}

/** The message names the option, because the page's developer sees only a failed request. */
function foreignOrigin(request: Request): Response {
  const origin = JSON.stringify(request.headers.get('origin'))
  return Response.json(
    {
      jsonrpc: '2.0',
      error: {
        code: -32_000,
        message:
          `Refused: the request is from a page of the origin ${origin}, which is not allowed. ` +
          'Start this server with --allowed-origin, or remove the Origin header in the proxy.',
      },
      id: null,
    },
    { status: 403, headers: { vary: 'Origin' } },
  )
}

/** The caller as the tools see it. The token is left out, so no tool can pass it on. */
function authInfoOf(token: VerifiedAccessToken): AuthInfo {
  return {
    token: '',
    clientId: token.clientId ?? '',
    scopes: [...token.scopes],
    expiresAt: token.expiresAtEpochSeconds,
    extra: { owner: token.subject ?? token.clientId },
  }
}

function ownerOf(authInfo: AuthInfo | undefined): string {
  const owner = authInfo?.extra?.['owner']
  if (typeof owner === 'string') return owner
  throw new TypeError('The MCP handler was called without a verified access token.')
}

/** Returns `undefined` for malformed JSON. The SDK answers it, after the token was verified. */
function parseJson(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
