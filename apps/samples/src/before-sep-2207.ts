/**
 * What a public client of an MCP server sends without SEP-2207. The sign-in lasts as long as one
 * access token. `after-sep-2207.ts` is the same client with SEP-2207, and `sep-2207.diff` is the
 * difference.
 */

/** The part of an authorization server's metadata (RFC 8414) that matters here. */
export interface AuthorizationServer {
  readonly authorization_endpoint: string
  readonly scopes_supported?: readonly string[]
}

// #region client
/** For dynamic registration. A Client ID Metadata Document contains the same. */
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
  const url = new URL(server.authorization_endpoint)
  const scope = [...scopes].join(' ')
  url.search = new URLSearchParams({ ...parameters, response_type: 'code', scope }).toString()
  return url
}
// #endregion client
