/** What was measured of a client with its own OAuth. */
export interface ClientBehavior {
  readonly id: 'sdk-v1' | 'sdk-v2' | 'mcp-remote' | 'evergrant'
  readonly name: string
  readonly version: string
  /** How it was measured. */
  readonly method: string
  /** The rules at whose broken servers it does not reach the authorization page. */
  readonly stopsAt: readonly string[]
  /** Whether it declares the refresh_token grant when it registers. */
  readonly declaresRefreshGrant: 'yes' | 'if-the-application-does'
  readonly requestsOfflineAccess: 'never' | 'where-listed' | 'where-listed-if-the-grant-is-declared'
  /** How several calls that see an expired token refresh. */
  readonly concurrentRefreshes: 'one-per-call' | 'one-after-another' | 'one'
}

/** Without these, no client gets as far as a sign-in. */
const everyClient: readonly string[] = [
  'server-unreachable',
  'tls-failure',
  'server-failing',
  'server-redirects',
  'server-blocks-clients',
  'not-an-mcp-server',
  'unauthenticated-wrong-status',
]

const pages =
  'sign-in started up to the authorization page at one broken server per rule, on loopback (packages/doctor/test/verdicts.test.ts)'

/** What `@modelcontextprotocol/client` 2 stops at, which mcp-remote contains. */
const sdkV2StopsAt: readonly string[] = [
  ...everyClient,
  'resource-metadata-missing',
  'challenge-metadata-url-broken',
  'resource-metadata-failing',
  'names-local-address',
  'resource-member-missing',
  'resource-mismatch',
  'authorization-servers-missing',
  'scopes-supported-not-a-list',
  'issuer-mismatch',
  'issuer-slash',
  'endpoint-missing',
  'response-types-missing',
  'code-flow-not-supported',
  'no-grant-for-users',
  'pkce-s256-not-listed',
  'no-automatic-registration',
]

/** The behaviors of clients, by version. Measured on 28 November 2026. */
export const clientBehaviors: readonly ClientBehavior[] = [
  {
    id: 'sdk-v1',
    name: '@modelcontextprotocol/sdk',
    version: '1.32.2',
    method: `${pages}; expiries and grants in tests/interop`,
    stopsAt: [
      ...everyClient,
      'resource-metadata-missing',
      'challenge-metadata-url-broken',
      'resource-metadata-failing',
      'names-local-address',
      'resource-member-missing',
      'resource-mismatch',
      'authorization-servers-missing',
      'scopes-supported-not-a-list',
      'server-metadata-failing',
      'endpoint-missing',
      'response-types-missing',
      'code-flow-not-supported',
      'no-grant-for-users',
      'pkce-s256-not-listed',
      'no-automatic-registration',
    ],
    declaresRefreshGrant: 'if-the-application-does',
    requestsOfflineAccess: 'never',
    concurrentRefreshes: 'one-per-call',
  },
  {
    id: 'sdk-v2',
    name: '@modelcontextprotocol/client',
    version: '2.4.0',
    method: `${pages}; expiries and grants in tests/interop`,
    stopsAt: sdkV2StopsAt,
    declaresRefreshGrant: 'yes',
    requestsOfflineAccess: 'where-listed-if-the-grant-is-declared',
    concurrentRefreshes: 'one-per-call',
  },
  {
    id: 'mcp-remote',
    name: 'mcp-remote',
    version: '0.15.1',
    method:
      'expiries measured in tests/interop; discovery as @modelcontextprotocol/client 2, which it contains',
    stopsAt: sdkV2StopsAt,
    declaresRefreshGrant: 'yes',
    requestsOfflineAccess: 'where-listed-if-the-grant-is-declared',
    concurrentRefreshes: 'one-after-another',
  },
  {
    id: 'evergrant',
    name: 'Evergrant',
    version: '0.0.0',
    method: `${pages}; expiries in tests/interop`,
    stopsAt: [
      ...everyClient,
      'authorization-servers-missing',
      'endpoint-missing',
      'issuer-mismatch',
      'names-local-address',
      'no-automatic-registration',
      'no-grant-for-users',
      'pkce-not-advertised',
      'pkce-s256-not-listed',
      'resource-member-missing',
      'resource-metadata-failing',
      'resource-metadata-missing',
      'resource-mismatch',
      'server-metadata-failing',
      'server-metadata-missing',
      'server-not-https',
    ],
    declaresRefreshGrant: 'yes',
    requestsOfflineAccess: 'where-listed',
    concurrentRefreshes: 'one',
  },
]
