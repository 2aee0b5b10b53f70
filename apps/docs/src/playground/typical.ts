import { exampleClientIds } from './client'
import type { PlaygroundInput } from './input'

const serverUrl = 'https://mcp.example.com/mcp'
const metadataUrl = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'
const issuer = 'https://as.example.com'

/** A JSON document as the fields show it: lists of texts on one line. */
export function jsonOf(document: object): string {
  return JSON.stringify(document, null, 2).replaceAll(/\[\s*"[^[\]{}]*?\]/g, (list) =>
    list.replaceAll(/\n\s*/g, ' ').replace('[ ', '[').replace(' ]', ']'),
  )
}

/** The metadata of an MCP server whose tokens come from this issuer. */
export function resourceMetadataFor(authorizationServer: string, changes: object = {}): string {
  return jsonOf({
    resource: serverUrl,
    authorization_servers: [authorizationServer],
    scopes_supported: ['mcp:read', 'mcp:write'],
    ...changes,
  })
}

/** The challenge of an MCP server for one of its scopes. */
export function challengeFor(scope: string | undefined): string {
  const named = scope === undefined ? '' : `scope="${scope}", `
  return `Bearer ${named}resource_metadata="${metadataUrl}"`
}

/** The metadata of an OpenID Provider that does everything as the specification wants it. */
export function serverMetadataWith(changes: object): string {
  return jsonOf({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    scopes_supported: ['openid', 'mcp:read', 'mcp:write', 'offline_access'],
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    ...changes,
  })
}

export const defaultInput: PlaygroundInput = {
  serverUrl,
  challenge: challengeFor('mcp:read'),
  resourceMetadata: resourceMetadataFor(issuer),
  serverMetadata: serverMetadataWith({}),
  profile: 'detected',
  registration: 'dynamic',
  clientId: exampleClientIds['by-hand'],
  wantsRefreshToken: true,
  declaresRefreshGrant: true,
  additionalScope: '',
  previousScope: '',
  prompt: 'by-rule',
  withoutScope: 'omit',
  assumePkceS256: false,
}
