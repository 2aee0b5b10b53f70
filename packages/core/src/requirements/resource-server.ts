import type { Requirement } from './requirement.ts'

/** Rules for MCP servers. */
export const resourceServerRequirements: readonly Requirement[] = [
  {
    id: 'S-01',
    level: 'SHOULD NOT',
    group: 'resource-server',
    text: '`offline_access` in the `scope` of any `WWW-Authenticate` challenge, 401 or 403',
    source: 'SEP server 1',
  },
  {
    id: 'S-02',
    level: 'SHOULD NOT',
    group: 'resource-server',
    text: '`offline_access` in `scopes_supported` of the protected resource metadata',
    source: 'SEP server 2',
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
  },
  {
    id: 'S-11',
    level: 'SHOULD',
    group: 'resource-server',
    text: '`scope` in the 401 challenge, minimal for the request',
    source: 'AUTH',
  },
  {
    id: 'S-12',
    level: 'MUST',
    group: 'resource-server',
    text: 'Token validation: signature, issuer, expiry, and this server as audience. No token is passed on to another server',
    source: 'AUTH Token Handling, SEC',
  },
  {
    id: 'S-13',
    level: 'MUST',
    group: 'resource-server',
    text: 'Invalid or expired: 401 `invalid_token`. Insufficient: 403 `insufficient_scope` with **all** scopes of the operation in one challenge. Malformed: 400',
    source: 'AUTH Error Handling',
  },
  {
    id: 'S-14',
    level: 'MUST',
    group: 'resource-server',
    text: 'Scope hierarchies apply: a broader scope that implies the required one is sufficient',
    source: 'AUTH',
  },
  {
    id: 'S-15',
    level: 'MUST NOT',
    group: 'resource-server',
    text: 'Tokens in the query string are accepted',
    source: 'AUTH',
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
