/**
 * What a public client of an MCP server sends with SEP-2207: it declares that it can use refresh
 * tokens, and requests one if the authorization server lists `offline_access`.
 */
import type { AuthorizationServer } from './before-sep-2207.ts'

// #region client
/** For dynamic registration. A Client ID Metadata Document contains the same. */
export function clientMetadata(redirectUri: string): object {
  return {
    client_name: 'Any MCP client',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  }
}

/**
 * Builds the authorization request.
 *
 * @param resourceScopes - The scopes of the MCP server's challenge.
 * @param parameters - The other parameters: `client_id`, `resource`, `state` and so on.
 */
export function authorizationUrl(
  server: AuthorizationServer,
  resourceScopes: readonly string[],
  parameters: Readonly<Record<string, string>>,
): URL {
  const scopes = new Set(resourceScopes)
  if (server.scopes_supported?.includes('offline_access')) scopes.add('offline_access')
  const url = new URL(server.authorization_endpoint)
  const scope = [...scopes].join(' ')
  url.search = new URLSearchParams({ ...parameters, response_type: 'code', scope }).toString()
  return url
}
// #endregion client
