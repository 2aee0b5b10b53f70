import type { Answer, SimulatedRequest } from './http.ts'
import { empty, json } from './http.ts'

export const resource = 'https://mcp.example/mcp'
export const resourceScope = 'mcp:read'
const metadataUrl = 'https://mcp.example/.well-known/oauth-protected-resource/mcp'

/** The MCP server. It accepts each access token of its authorization server until that expires. */
export interface McpServer {
  answer(request: SimulatedRequest): Answer
}

export function createMcpServer(
  issuer: string,
  isGood: (accessToken: string) => boolean,
): McpServer {
  const metadata = json(200, {
    resource,
    authorization_servers: [issuer],
    scopes_supported: [resourceScope],
    bearer_methods_supported: ['header'],
  })
  const challenge = empty(401, {
    'www-authenticate': `Bearer resource_metadata="${metadataUrl}", scope="${resourceScope}"`,
  })
  return {
    answer({ url, headers }) {
      if (url.href === metadataUrl) return metadata
      if (url.href !== resource) return empty(404)
      const token = /^Bearer (?<token>.+)$/.exec(headers.get('authorization') ?? '')?.groups?.[
        'token'
      ]
      return token !== undefined && isGood(token) ? empty(202) : challenge
    },
  }
}
