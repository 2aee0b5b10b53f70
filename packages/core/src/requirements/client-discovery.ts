import type { Requirement } from './requirement.ts'

/** Rules for clients: discovery, authorization and registration. */
export const clientDiscoveryRequirements: readonly Requirement[] = [
  {
    id: 'C-30',
    level: 'MUST',
    group: 'client-discovery',
    text: "Protected resource metadata: the challenge's `resource_metadata`, otherwise the path-aware well-known URI, otherwise the one at the root",
    source: 'DISC',
  },
  {
    id: 'C-31',
    level: 'MUST',
    group: 'client-discovery',
    text: 'Authorization server metadata: RFC 8414 path insertion, OIDC path insertion, OIDC path appending, in that order',
    source: 'DISC',
  },
  {
    id: 'C-32',
    level: 'MUST',
    group: 'client-discovery',
    text: "The metadata's `issuer` is identical to the issuer that the URL was built from. Otherwise, the document is not used",
    source: 'DISC, RFC 8414 §3.3',
  },
  {
    id: 'C-33',
    level: 'MUST',
    group: 'client-discovery',
    text: 'PKCE with S256, and refusal if `code_challenge_methods_supported` is absent',
    source: 'SEC',
  },
  {
    id: 'C-34',
    level: 'MUST',
    group: 'client-discovery',
    text: '`resource` in authorization and token requests (including refresh) is the canonical URI of the MCP server',
    source: 'AUTH Resource Parameter, RFC 8707',
  },
  {
    id: 'C-35',
    level: 'MUST',
    group: 'client-discovery',
    text: '`iss` of the authorization response is checked according to the four-row table before the code is sent. On a mismatch, neither `error` nor its description is shown',
    source: 'AUTH, RFC 9207',
  },
  {
    id: 'C-36',
    level: 'SHOULD',
    group: 'client-discovery',
    text: '`state` is sent and verified',
    source: 'SEC',
  },
  {
    id: 'C-37',
    level: 'SHOULD',
    group: 'client-discovery',
    text: 'Registration priority: pre-registered, Client ID Metadata Document, dynamic registration, prompt the user',
    source: 'REG',
  },
  {
    id: 'C-38',
    level: 'MUST',
    group: 'client-discovery',
    text: '`application_type` is sent with dynamic registration. A rejection is explained in words',
    source: 'REG',
  },
  {
    id: 'C-39',
    level: 'MUST',
    group: 'client-discovery',
    text: 'Client credentials and tokens are keyed by the issuer that issued them. No other issuer receives them',
    source: 'REG Binding, SEC',
  },
]
