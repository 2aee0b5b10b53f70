/**
 * What a public client of an MCP server sends without SEP-2207: the sign-in lasts as long as one
 * access token. `after-sep-2207.ts` is the same client with it, and `sep-2207.diff` the difference.
 */

/** What counts here of an authorization server's metadata (RFC 8414). */
export interface AuthorizationServer {
  readonly authorization_endpoint: string
  readonly scopes_supported?: readonly string[]
}

// #region client
/** For dynamic registration; a Client ID Metadata Document says the same. */
export function clientMetadata(redirectUri: string): object {
  return {
    client_name: 'Any MCP client',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code'],
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
  const url = new URL(server.authorization_endpoint)
  const scope = [...scopes].join(' ')
  url.search = new URLSearchParams({ ...parameters, response_type: 'code', scope }).toString()
  return url
}
// #endregion client
