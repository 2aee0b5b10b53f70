/**
 * What a public client of an MCP server sends with SEP-2207: it says that it can use refresh
 * tokens, and asks for one where the authorization server says that asking has an effect.
 */
import type { AuthorizationServer } from './before-sep-2207.ts'

// #region client
/** For dynamic registration; a Client ID Metadata Document says the same. */
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
 * Where the browser goes.
 *
 * @param resourceScopes - From the MCP server's challenge.
 * @param parameters - All others: `client_id`, `resource`, `state` and so on.
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
