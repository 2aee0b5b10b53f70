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

/** Puts the guard in front of the MCP SDK's handler. */
export function createMcpEndpoint(
  resourceServer: ResourceServer,
  stats: StatsRecorder,
): McpEndpoint {
  const { hostname, pathname } = new URL(resourceServer.resource)
  // A page that resolves its own name to this machine must not get through (DNS rebinding).
  const hosts = [...localhostAllowedHostnames(), hostname]
  const origins = [...localhostAllowedOrigins(), hostname]
  const notebooks = createNotebooks()
  const mcp = createMcpHandler(({ authInfo }) => buildNotesServer(notebooks.of(ownerOf(authInfo))))

  async function answer(request: Request): Promise<Response> {
    const foreign =
      hostHeaderValidationResponse(request, hosts) ?? originValidationResponse(request, origins)
    if (foreign !== undefined) return foreign
    // #region guard
    // The token first: the body of an unknown sender is not read.
    const authentication = await authenticateRequest(resourceServer, request)
    if (!authentication.authenticated) return refuse(authentication.refusal)
    const message = parseJson(await request.clone().text())
    const decision = resourceServer.decideScopes(authentication.token, requiredScopes(message))
    if (!decision.allowed) return refuse(decision)
    const tool = calledTool(message)
    if (tool !== undefined) stats.called(tool)
    // The SDK gets the message that was decided on, not one it parses for itself.
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

/** What the tools learn about the caller. The token itself stays behind: no tool can pass it on. */
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
  throw new TypeError('The MCP handler was reached without a verified access token.')
}

/** Malformed JSON is left to the SDK, which answers it once the caller is known. */
function parseJson(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
