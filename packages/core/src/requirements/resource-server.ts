import type { Requirement } from './requirement.ts'

/** Rules for MCP servers. */
export const resourceServerRequirements: readonly Requirement[] = [
  {
    id: 'S-01',
    level: 'SHOULD NOT',
    group: 'resource-server',
    text: '`offline_access` in the `scope` of any `WWW-Authenticate` challenge, 401 or 403',
    source: 'SEP server 1',
    quotes: [
      {
        text: '**SHOULD NOT** include `offline_access` in the `scope` parameter of `WWW-Authenticate` headers, as refresh tokens are not a resource requirement.',
        url: 'https://modelcontextprotocol.io/seps/2207-oidc-refresh-token-guidance',
      },
    ],
  },
  {
    id: 'S-02',
    level: 'SHOULD NOT',
    group: 'resource-server',
    text: '`offline_access` in `scopes_supported` of the protected resource metadata',
    source: 'SEP server 2',
    quotes: [
      {
        text: '**SHOULD NOT** include `offline_access` in `scopes_supported` in Protected Resource Metadata, as it is not a resource-specific scope.',
        url: 'https://modelcontextprotocol.io/seps/2207-oidc-refresh-token-guidance',
      },
    ],
  },
  {
    id: 'S-03',
    level: 'OURS',
    group: 'resource-server',
    text: 'The helpers prevent accidental violations of S-01 and S-02: configuring the scope is a typed error at startup that says why, and it is filtered out of scopes computed per request and reported',
    source: '',
  },
  {
    id: 'S-10',
    level: 'MUST',
    group: 'resource-server',
    text: 'RFC 9728 metadata with at least one authorization server, at the well-known URI and named in every challenge',
    source: 'DISC',
    quotes: [
      {
        text: 'The Protected Resource Metadata document returned by the MCP server **MUST** include the `authorization_servers` field containing at least one authorization server.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/authorization-server-discovery#authorization-server-location',
      },
    ],
  },
  {
    id: 'S-11',
    level: 'SHOULD',
    group: 'resource-server',
    text: '`scope` in the 401 challenge, minimal for the request',
    source: 'AUTH',
    quotes: [
      {
        text: 'MCP servers **SHOULD** include a `scope` parameter in the `WWW-Authenticate` header as defined in RFC 6750 Section 3 to indicate the scopes required for accessing the resource.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#scope-selection-strategy',
      },
    ],
  },
  {
    id: 'S-12',
    level: 'MUST',
    group: 'resource-server',
    text: 'Token validation: signature, issuer, expiry, and this server as audience. No token is passed on to another server',
    source: 'AUTH Token Handling, SEC',
    quotes: [
      {
        text: 'MCP servers **MUST** validate that access tokens were issued specifically for them as the intended audience, according to RFC 8707 Section 2.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#token-handling',
      },
      {
        text: 'MCP servers **MUST NOT** accept or transit any other tokens.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#token-handling',
      },
    ],
  },
  {
    id: 'S-13',
    level: 'MUST',
    levelDetail: 'MUST for the status, SHOULD for the challenge',
    group: 'resource-server',
    text: 'Invalid or expired: 401 `invalid_token`. Insufficient: 403 `insufficient_scope` with **all** scopes of the operation in one challenge. Malformed: 400',
    source: 'AUTH Error Handling',
    quotes: [
      {
        text: 'Invalid or expired tokens **MUST** receive a HTTP 401 response.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#token-handling',
      },
      {
        text: 'Whatever scope-inclusion strategy a server adopts, servers **SHOULD** include all scopes required for the current operation in a single challenge.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#runtime-insufficient-scope-errors',
      },
    ],
  },
  {
    id: 'S-14',
    level: 'MUST',
    group: 'resource-server',
    text: 'Scope hierarchies apply: a broader scope that implies the required one is sufficient',
    source: 'AUTH',
    quotes: [
      {
        text: 'Servers **MUST** account for scope hierarchies, where a broader scope implies narrower ones, when deciding whether a token is sufficient for an operation.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#step-up-authorization-flow',
      },
    ],
  },
  {
    id: 'S-15',
    level: 'MUST NOT',
    group: 'resource-server',
    text: 'Tokens in the query string are accepted',
    source: 'AUTH',
    quotes: [
      {
        text: 'Access tokens **MUST NOT** be included in the URI query string',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#token-requirements',
      },
    ],
  },
  {
    id: 'S-16',
    level: 'OURS',
    group: 'resource-server',
    text: 'A browser client whose origin is admitted can use the server: preflight requests are answered without a token, and the page can read the challenge (`Access-Control-Expose-Headers`)',
    source: 'Fetch standard',
  },
  {
    id: 'S-17',
    level: 'OURS',
    group: 'resource-server',
    text: "Tokens of common products can be accepted by stating it: no `typ`, another audience than the URL (Entra ID's GUID), another scope claim. Each is an explicit option that says what S-12 then rests on",
    source: '',
  },
  {
    id: 'S-18',
    level: 'OURS',
    group: 'resource-server',
    text: 'Unavailability is never reported as invalidity: a key that may have rotated a moment ago, metadata that lacks a member, or an introspection endpoint that is unavailable lead to 503, not 401',
    source: '',
  },
]
