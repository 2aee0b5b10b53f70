import type { Requirement } from './requirement.ts'

/** Rules for clients: requesting a refresh token. */
export const clientAskingRequirements: readonly Requirement[] = [
  {
    id: 'C-01',
    level: 'SHOULD',
    group: 'client-asking',
    text: 'A client that wants refresh tokens lists `refresh_token` in its `grant_types` metadata, in the dynamic registration request and in its Client ID Metadata Document',
    source: 'SEP client 1, AUTH Refresh Tokens',
  },
  {
    id: 'C-02',
    level: 'MAY',
    group: 'client-asking',
    text: "It adds `offline_access` to the `scope` of the **authorization request** if, and only if, the authorization server's metadata lists it in `scopes_supported`",
    source: 'SEP client 2, AUTH',
  },
  {
    id: 'C-03',
    level: 'MAY',
    group: 'client-asking',
    text: 'The specification also allows it on the token request. The client sends no `scope` on the code exchange (RFC 6749 §4.1.3 defines none) and by default none on refresh (§6: omitted means unchanged). A per-provider option sends it where a server requires it',
    source: 'AUTH, RFC 6749',
  },
  {
    id: 'C-04',
    level: 'MUST NOT',
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
  },
  {
    id: 'C-06',
    level: 'MUST',
    group: 'client-asking',
    text: 'Refresh tokens stay confidential in transit (TLS, loopback excepted) and in storage (OS keychain, or encrypted file with owner-only permissions). They appear in no log, error, trace, URL or crash dump',
    source: 'AUTH, 2.1 §4.3',
  },
  {
    id: 'C-07',
    level: 'MUST',
    group: 'client-asking',
    text: "When `offline_access` is requested from an OpenID Provider, `prompt=consent` is sent with it, unless the provider's profile says that other conditions apply. The policy is configurable, and a step-up never prompts twice without effect",
    source: 'OIDC §11',
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
