import type { Requirement } from './requirement.ts'

/** Rules for clients: requesting a refresh token. */
export const clientAskingRequirements: readonly Requirement[] = [
  {
    id: 'C-01',
    level: 'SHOULD',
    group: 'client-asking',
    text: 'A client that wants refresh tokens and can store them securely lists `refresh_token` in its `grant_types` metadata, in the dynamic registration request and in its Client ID Metadata Document',
    source: 'SEP client 1, AUTH Refresh Tokens',
    quotes: [
      {
        text: 'Clients **SHOULD** include `refresh_token` in their `grant_types` client metadata to indicate they support refresh tokens.',
        url: 'https://modelcontextprotocol.io/seps/2207-oidc-refresh-token-guidance',
      },
    ],
  },
  {
    id: 'C-02',
    level: 'MAY',
    group: 'client-asking',
    text: "It adds `offline_access` to the `scope` of the **authorization request** if, and only if, the authorization server's metadata lists it in `scopes_supported`",
    source: 'SEP client 2, AUTH',
    quotes: [
      {
        text: 'When the client desires a refresh token and the Authorization Server metadata contains `offline_access` in its `scopes_supported` field, the client **MAY** add the `offline_access` scope to the list of scopes from the resource server before making authorization requests to the Authorization Server.',
        url: 'https://modelcontextprotocol.io/seps/2207-oidc-refresh-token-guidance',
      },
    ],
  },
  {
    id: 'C-03',
    level: 'MAY',
    group: 'client-asking',
    text: 'The specification also allows it on the token request. The client sends no `scope` on the code exchange (RFC 6749 §4.1.3 defines none) and by default none on refresh (§6: omitted means unchanged). A per-provider option sends it where a server requires it',
    source: 'AUTH, RFC 6749',
    quotes: [
      {
        text: '**MAY** add `offline_access` to the `scope` parameter of the authorization and token requests when the Authorization Server metadata contains it in `scopes_supported`',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#refresh-tokens',
      },
    ],
  },
  {
    id: 'C-04',
    level: 'OURS',
    group: 'client-asking',
    text: 'It never requests `offline_access` if the authorization server does not list it, even if a resource server wrongly advertises it. The scope is dropped and reported as a violation of S-01 or S-02',
    source: 'SEP client 2',
  },
  {
    id: 'C-05',
    level: 'MUST NOT',
    group: 'client-asking',
    text: 'It never assumes that a refresh token will be issued. Without one, everything still works: the access token is used until it expires, then the user must sign in again, and the client can say why',
    source: 'SEP client 3',
    quotes: [
      {
        text: 'Clients **MUST NOT** assume that advertising support or requesting `offline_access` guarantees they will receive a refresh token. The Authorization Server retains discretion based on its policies.',
        url: 'https://modelcontextprotocol.io/seps/2207-oidc-refresh-token-guidance',
      },
    ],
  },
  {
    id: 'C-06',
    level: 'MUST',
    group: 'client-asking',
    text: 'Refresh tokens stay confidential in transit (TLS, loopback excepted) and in storage (OS keychain, or encrypted file with owner-only permissions). They appear in no log, error, trace, URL or crash dump',
    source: 'AUTH, 2.1 §4.3',
    quotes: [
      {
        text: '**MUST** keep refresh tokens confidential in transit and storage as specified in OAuth 2.1 Section 4.3',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#refresh-tokens',
      },
    ],
  },
  {
    id: 'C-07',
    level: 'MUST',
    group: 'client-asking',
    text: "When `offline_access` is requested from an OpenID Provider, `prompt=consent` is sent with it, unless the provider's profile says that other conditions apply. The policy is configurable, and a step-up never prompts twice without effect",
    source: 'OIDC §11',
    quotes: [
      {
        text: 'When offline access is requested, a `prompt` parameter value of `consent` MUST be used unless other conditions for processing the request permitting offline access to the requested resources are in place.',
        url: 'https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess',
      },
    ],
  },
  {
    id: 'C-08',
    level: 'OURS',
    group: 'client-asking',
    text: '`offline_access` survives a step-up: the union of scopes keeps it, because otherwise the new grant would have no refresh token',
    source: 'AUTH Step-Up',
  },
  {
    id: 'C-09',
    level: 'OURS',
    group: 'client-asking',
    text: 'If the resource names no scope, adding `offline_access` alone would change what the server grants by default. The decision is explicit: `omit` by default, `offline-only` by option',
    source: 'AUTH Scope Selection',
  },
  {
    id: 'C-10',
    level: 'OURS',
    group: 'client-asking',
    text: 'Every decision can be explained: the negotiation returns what it decided and why, rule by rule, in plain words',
    source: '',
  },
]
