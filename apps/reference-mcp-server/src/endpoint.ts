import type { AccessRefused, ResourceServer, VerifiedAccessToken } from '@evergrant/resource-server'
import {
  authenticateRequest,
  metadataResponse,
  refusalResponse,
} from '@evergrant/resource-server/fetch'
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
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

/** Protects the MCP SDK's handler. */
export function createMcpEndpoint(
  resourceServer: ResourceServer,
  stats: StatsRecorder,
): McpEndpoint {
  const { hostname, pathname } = new URL(resourceServer.resource)
  // Refuse a web page whose host name resolves to this machine (DNS rebinding).
  const hosts = [...localhostAllowedHostnames(), hostname]
  const origins = [...localhostAllowedOrigins(), hostname]
  const notebooks = createNotebooks()
  const mcp = createMcpHandler(({ authInfo }) => buildNotesServer(notebooks.of(ownerOf(authInfo))))

  async function answer(request: Request): Promise<Response> {
    const foreign =
      hostHeaderValidationResponse(request, hosts) ?? originValidationResponse(request, origins)
    if (foreign !== undefined) return foreign
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
    return refusalResponse(refusal)
  }

  return {
    async fetch(request) {
      const metadata = metadataResponse(resourceServer, request)
      if (metadata !== undefined) return metadata
      if (new URL(request.url).pathname !== pathname) return new Response(null, { status: 404 })
      const response = await answer(request)
      stats.answered(response.status)
      return response
    },
    close: () => mcp.close(),
  }
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
