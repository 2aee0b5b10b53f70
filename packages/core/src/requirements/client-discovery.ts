import type { Requirement } from './requirement.ts'

/** Rules for clients: discovery, authorization and registration. */
export const clientDiscoveryRequirements: readonly Requirement[] = [
  {
    id: 'C-30',
    level: 'MUST',
    group: 'client-discovery',
    text: "Protected resource metadata: the challenge's `resource_metadata`, otherwise the path-aware well-known URI, otherwise the one at the root",
    source: 'DISC',
    quotes: [
      {
        text: 'MCP clients **MUST** support both discovery mechanisms and use the resource metadata URL from the parsed `WWW-Authenticate` headers when present; otherwise, they **MUST** fall back to constructing and requesting the well-known URIs in the order listed above.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/authorization-server-discovery#protected-resource-metadata-discovery-requirements',
      },
    ],
  },
  {
    id: 'C-31',
    level: 'MUST',
    group: 'client-discovery',
    text: 'Authorization server metadata: RFC 8414 path insertion, OIDC path insertion, OIDC path appending, in that order',
    source: 'DISC',
    quotes: [
      {
        text: 'For issuer URLs with path components […], clients **MUST** try endpoints in the following priority order',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/authorization-server-discovery#authorization-server-metadata-discovery',
      },
    ],
  },
  {
    id: 'C-32',
    level: 'MUST',
    group: 'client-discovery',
    text: "The metadata's `issuer` is identical to the issuer that the URL was built from. Otherwise, the document is not used",
    source: 'DISC, RFC 8414 §3.3',
    quotes: [
      {
        text: 'the `issuer` value in the document **MUST** be identical to the issuer identifier used to construct the well-known URL. If they differ, the client **MUST NOT** use the metadata.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/authorization-server-discovery#authorization-server-metadata-discovery',
      },
    ],
  },
  {
    id: 'C-33',
    level: 'MUST',
    group: 'client-discovery',
    text: 'PKCE with S256, and refusal if `code_challenge_methods_supported` is absent. That a product supports S256 without listing it is a profile fact with a source, used by default for that product and reported. Anything else requires the word of the user, in the library and on the command line',
    source: 'SEC',
    quotes: [
      {
        text: 'If `code_challenge_methods_supported` is absent, the authorization server does not support PKCE and MCP clients **MUST** refuse to proceed.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/security-considerations#authorization-code-protection',
      },
    ],
  },
  {
    id: 'C-34',
    level: 'MUST',
    group: 'client-discovery',
    text: '`resource` in authorization and token requests (including refresh) is the canonical URI of the MCP server. It is left out only for a product that rejects it, by a profile fact with a source, and reported as a deviation',
    source: 'AUTH Resource Parameter, RFC 8707',
    quotes: [
      {
        text: 'MCP clients **MUST** send this parameter regardless of whether authorization servers support it.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#resource-parameter-implementation',
      },
      {
        text: '**MUST** be included in both authorization requests and token requests.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#resource-parameter-implementation',
      },
    ],
  },
  {
    id: 'C-35',
    level: 'MUST',
    group: 'client-discovery',
    text: '`iss` of the authorization response is checked according to the four-row table before the code is sent. On a mismatch, neither `error` nor its description is shown',
    source: 'AUTH, RFC 9207',
    quotes: [
      {
        text: 'On receiving the authorization response, MCP clients **MUST** apply the validation in RFC9207 Section 2.4 before transmitting the authorization code to any token endpoint',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#authorization-response-validation',
      },
      {
        text: 'on mismatch the client **MUST NOT** act on or display `error`, `error_description`, or `error_uri`.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#authorization-response-validation',
      },
    ],
  },
  {
    id: 'C-36',
    level: 'SHOULD',
    group: 'client-discovery',
    text: '`state` is sent and verified',
    source: 'SEC',
    quotes: [
      {
        text: 'MCP clients **SHOULD** use and verify state parameters in the authorization code flow and discard any results that do not include or have a mismatch with the original state.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/security-considerations#open-redirection',
      },
    ],
  },
  {
    id: 'C-37',
    level: 'SHOULD',
    group: 'client-discovery',
    text: 'Registration priority: pre-registered, Client ID Metadata Document, dynamic registration, prompt the user',
    source: 'REG',
    quotes: [
      {
        text: 'Clients supporting all options **SHOULD** use the following priority order',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/client-registration',
      },
    ],
  },
  {
    id: 'C-38',
    level: 'MUST',
    group: 'client-discovery',
    text: '`application_type` is sent with dynamic registration. A rejection is explained in words',
    source: 'REG',
    quotes: [
      {
        text: 'MCP clients **MUST** specify an appropriate `application_type` during Dynamic Client Registration.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/client-registration#application-type-and-redirect-uri-constraints',
      },
      {
        text: 'When a registration request is rejected, clients **SHOULD** surface a meaningful error to the user or developer.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/client-registration#application-type-and-redirect-uri-constraints',
      },
    ],
  },
  {
    id: 'C-39',
    level: 'MUST',
    group: 'client-discovery',
    text: 'Client credentials and tokens are keyed by the issuer that issued them. No other issuer receives them',
    source: 'REG Binding, SEC',
    quotes: [
      {
        text: 'Clients **MUST** maintain separate registration state (client credentials, tokens) per authorization server and **MUST NOT** assume that credentials valid for one authorization server will be accepted by another.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/authorization-server-discovery#authorization-server-location',
      },
    ],
  },
  {
    id: 'C-40',
    level: 'SHOULD',
    group: 'client-discovery',
    text: 'Credentials that are registered with one issuer are never used, and never silently ignored, at another issuer. If a client is configured for issuer A and the MCP server names issuer B, the error names both',
    source: 'REG Binding',
    quotes: [
      {
        text: 'If the authorization server indicated by protected resource metadata no longer matches the one the credentials were registered with, clients **SHOULD** surface an error rather than silently attempting to use mismatched credentials.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/client-registration#authorization-server-binding',
      },
    ],
  },
  {
    id: 'C-41',
    level: 'OURS',
    group: 'client-discovery',
    text: 'A stored registration that the authorization server no longer knows is dropped, and the client registers again, at whatever step this shows: authorization page or redirect, code exchange, refresh, revocation',
    source: 'REG, RFC 7591',
  },
  {
    id: 'C-42',
    level: 'OURS',
    group: 'client-discovery',
    text: 'The binding of a sign-in is checked again when the MCP server refuses a token. Another authorization server or another `resource` in the metadata leads to one sign-in there, never to endless refusals',
    source: 'AUTH, DISC',
  },
  {
    id: 'C-43',
    level: 'OURS',
    group: 'client-discovery',
    text: 'The client uses what the server registered: `scope`, `token_endpoint_auth_method` (by default `client_secret_basic` if a secret was issued), `redirect_uris` and `client_secret_expires_at`',
    source: 'RFC 7591 §2, §3.2.1',
  },
  {
    id: 'C-44',
    level: 'OURS',
    group: 'client-discovery',
    text: 'If discovery falls back to guessed endpoints (the 2025-03-26 way), every later error says so',
    source: 'DISC',
  },
  {
    id: 'C-45',
    level: 'MUST',
    group: 'client-discovery',
    text: 'A sign-in without a browser on this machine (RFC 8628) respects the interval of the server, 5 seconds by default, and lengthens it by 5 seconds for good after `slow_down`. It stops when the code expires, when the user declines or when the caller stops waiting. It negotiates scope, names the `resource` and saves its tokens before use like every other sign-in',
    source: 'RFC 8628 §3.5',
    quotes: [
      {
        text: 'the interval MUST be increased by 5 seconds for this and all subsequent requests.',
        url: 'https://www.rfc-editor.org/rfc/rfc8628#section-3.5',
      },
    ],
  },
]
