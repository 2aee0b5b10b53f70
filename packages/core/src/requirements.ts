/**
 * Where a requirement comes from, most binding first. `OURS` marks what no source demands
 * and Evergrant holds itself to.
 */
export type RequirementLevel = 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT' | 'MAY' | 'OURS'

/** The part of the field a requirement speaks to. */
export type RequirementGroup =
  | 'client-asking'
  | 'client-scope'
  | 'client-discovery'
  | 'client-refreshing'
  | 'resource-server'
  | 'authorization-server'

/** One rule the project keeps, named by an ID that code, tests, docs and decisions cite. */
export interface Requirement {
  readonly id: RequirementId
  readonly level: RequirementLevel
  readonly group: RequirementGroup
  /** The rule in our words, Markdown. The source is authoritative where the two differ. */
  readonly text: string
  /** The documents the rule is taken from; empty where the rule is ours alone. */
  readonly source: string
  /** Why no test cites this row yet. A row with neither a test nor a reason fails the build. */
  readonly excluded?: string
}

/** The ID of a requirement: `C-` client, `S-` MCP server, `A-` authorization server. */
export type RequirementId =
  | 'C-01'
  | 'C-02'
  | 'C-03'
  | 'C-04'
  | 'C-05'
  | 'C-06'
  | 'C-07'
  | 'C-08'
  | 'C-09'
  | 'C-10'
  | 'C-20'
  | 'C-21'
  | 'C-22'
  | 'C-23'
  | 'C-24'
  | 'C-30'
  | 'C-31'
  | 'C-32'
  | 'C-33'
  | 'C-34'
  | 'C-35'
  | 'C-36'
  | 'C-37'
  | 'C-38'
  | 'C-39'
  | 'C-50'
  | 'C-51'
  | 'C-52'
  | 'C-53'
  | 'C-54'
  | 'C-55'
  | 'C-56'
  | 'C-57'
  | 'S-01'
  | 'S-02'
  | 'S-03'
  | 'S-10'
  | 'S-11'
  | 'S-12'
  | 'S-13'
  | 'S-14'
  | 'S-15'
  | 'A-01'
  | 'A-02'
  | 'A-03'
  | 'A-04'
  | 'A-05'
  | 'A-06'
  | 'A-07'
  | 'A-08'
  | 'A-09'
  | 'A-10'
  | 'A-11'
  | 'A-13'

/** Every requirement, in the order the documentation shows them. */
export const requirements: readonly Requirement[] = [
  {
    id: 'C-01',
    level: 'SHOULD',
    group: 'client-asking',
    text: 'A client that wants refresh tokens lists `refresh_token` in its `grant_types` metadata: in the dynamic registration body and in its Client ID Metadata Document alike',
    source: 'SEP client 1, AUTH Refresh Tokens',
  },
  {
    id: 'C-02',
    level: 'MAY',
    group: 'client-asking',
    text: "It adds `offline_access` to the `scope` of the **authorization request** when, and only when, the authorization server's metadata lists it in `scopes_supported`",
    source: 'SEP client 2, AUTH',
  },
  {
    id: 'C-03',
    level: 'MAY',
    group: 'client-asking',
    text: 'The spec also allows it on the token request. We send no `scope` on the code exchange (RFC 6749 §4.1.3 defines none) and by default none on refresh (§6: omitted means unchanged); a per-provider option turns it on where a server needs it',
    source: 'AUTH, RFC 6749',
  },
  {
    id: 'C-04',
    level: 'MUST NOT',
    group: 'client-asking',
    text: 'It never requests `offline_access` where the authorization server does not list it, not even when a resource server wrongly advertises it: it is dropped, and reported as S-01/S-02 breach',
    source: 'SEP client 2',
  },
  {
    id: 'C-05',
    level: 'MUST NOT',
    group: 'client-asking',
    text: 'It never assumes a refresh token will come. With none, everything still works: the access token is used until it expires, then the user is asked again, and the client can say why',
    source: 'SEP client 3',
  },
  {
    id: 'C-06',
    level: 'MUST',
    group: 'client-asking',
    text: 'Refresh tokens stay confidential in transit (TLS, loopback excepted) and in storage (OS keychain, or encrypted file with owner-only permissions); they appear in no log, error, trace, URL or crash dump',
    source: 'AUTH, 2.1 §4.3',
  },
  {
    id: 'C-07',
    level: 'MUST',
    group: 'client-asking',
    text: "When `offline_access` is requested from an OpenID Provider, `prompt=consent` goes with it, unless the provider's profile says other conditions are in place. One policy, configurable, never on a step-up that would ask twice for nothing",
    source: 'OIDC §11',
  },
  {
    id: 'C-08',
    level: 'OURS',
    group: 'client-asking',
    text: '`offline_access` survives step-up: the union of scopes keeps it, or the new grant would come without a refresh token',
    source: 'AUTH Step-Up',
  },
  {
    id: 'C-09',
    level: 'OURS',
    group: 'client-asking',
    text: 'Where the resource names no scope at all, adding `offline_access` alone would change what the server grants by default. The decision is explicit (`omit` by default, `offline-only` by option), never an accident of string joining',
    source: 'AUTH Scope Selection',
  },
  {
    id: 'C-10',
    level: 'OURS',
    group: 'client-asking',
    text: 'Every decision can be explained: the negotiation returns what it decided and why, rule by rule, in plain words',
    source: '',
  },
  {
    id: 'C-20',
    level: 'SHOULD',
    group: 'client-scope',
    text: "Priority: `scope` of the `WWW-Authenticate` challenge, else all of the protected resource metadata's `scopes_supported`, else omit the parameter",
    source: 'AUTH Scope Selection',
  },
  {
    id: 'C-21',
    level: 'MUST',
    group: 'client-scope',
    text: 'Challenge scopes are authoritative for the current operation; no set relation with `scopes_supported` is assumed',
    source: 'AUTH',
  },
  {
    id: 'C-22',
    level: 'SHOULD',
    group: 'client-scope',
    text: 'Re-authorization asks for the union of what was requested before and what is challenged now',
    source: 'AUTH Step-Up',
  },
  {
    id: 'C-23',
    level: 'SHOULD',
    group: 'client-scope',
    text: 'Step-up attempts are counted per resource and operation, and stop after a few',
    source: 'AUTH Step-Up',
  },
  {
    id: 'C-24',
    level: 'MUST',
    group: 'client-scope',
    text: 'A refresh never tries to widen scope (RFC 6749 §6); what needs a wider scope goes through authorization',
    source: 'RFC 6749 §6',
  },
  {
    id: 'C-30',
    level: 'MUST',
    group: 'client-discovery',
    text: "Protected resource metadata: the challenge's `resource_metadata`, else the path-aware well-known URI, else the root one",
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
    text: "The metadata's `issuer` is identical to the identifier used to build the URL, or the document is not used",
    source: 'DISC, RFC 8414 §3.3',
  },
  {
    id: 'C-33',
    level: 'MUST',
    group: 'client-discovery',
    text: 'PKCE S256, and refusal where `code_challenge_methods_supported` is absent',
    source: 'SEC',
  },
  {
    id: 'C-34',
    level: 'MUST',
    group: 'client-discovery',
    text: '`resource` on authorization and token requests (refresh included), the canonical URI of the MCP server',
    source: 'AUTH Resource Parameter, RFC 8707',
  },
  {
    id: 'C-35',
    level: 'MUST',
    group: 'client-discovery',
    text: '`iss` of the authorization response is checked per the four-row table before the code is sent anywhere; on mismatch neither `error` nor its description is shown',
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
    text: 'Registration priority: pre-registered, Client ID Metadata Document, dynamic registration, ask the user',
    source: 'REG',
  },
  {
    id: 'C-38',
    level: 'MUST',
    group: 'client-discovery',
    text: '`application_type` is sent on dynamic registration; a rejection is surfaced in words',
    source: 'REG',
  },
  {
    id: 'C-39',
    level: 'MUST',
    group: 'client-discovery',
    text: 'Client credentials and tokens are keyed by the issuer that gave them; another issuer never sees them',
    source: 'REG Binding, SEC',
  },
  {
    id: 'C-50',
    level: 'MUST',
    group: 'client-refreshing',
    text: 'A new refresh token replaces the old one; a response without one keeps the old',
    source: 'RFC 6749 §6',
  },
  {
    id: 'C-51',
    level: 'OURS',
    group: 'client-refreshing',
    text: 'One refresh per rotation: however many callers, threads of work and processes share a grant, the token endpoint sees one request',
    source: 'BCP §4.14.2 (reuse revokes the family)',
  },
  {
    id: 'C-52',
    level: 'OURS',
    group: 'client-refreshing',
    text: 'The new token set is durable before the new access token is used. A process killed at any instant leaves either the old set or the new one, never neither',
    source: '',
  },
  {
    id: 'C-53',
    level: 'OURS',
    group: 'client-refreshing',
    text: 'Failures are told apart. `invalid_grant`: the grant is over, once the store has been re-read and holds nothing newer. `invalid_client`: registration is over. Network errors, 5xx and 429: the refresh token is kept, the call is retried with backoff and `Retry-After`, and no user is asked for anything',
    source: '',
  },
  {
    id: 'C-54',
    level: 'OURS',
    group: 'client-refreshing',
    text: 'A 401 names the token it rejected. If the store already holds another, that one is used and nothing is refreshed',
    source: '',
  },
  {
    id: 'C-55',
    level: 'OURS',
    group: 'client-refreshing',
    text: 'Refresh starts before expiry (a fraction of the lifetime, with jitter), in the background while the current token is still good, and clock skew between machine and server is allowed for',
    source: '',
  },
  {
    id: 'C-56',
    level: 'OURS',
    group: 'client-refreshing',
    text: 'Scope that comes back narrower than asked is noticed and reported',
    source: 'RFC 6749 §5.1',
  },
  {
    id: 'C-57',
    level: 'SHOULD',
    group: 'client-refreshing',
    text: "Signing out revokes the refresh token at the server (RFC 7009) and then forgets it locally, also when the server can't be reached",
    source: 'RFC 7009',
  },
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
    text: "`offline_access` in the protected resource metadata's `scopes_supported`",
    source: 'SEP server 2',
  },
  {
    id: 'S-03',
    level: 'OURS',
    group: 'resource-server',
    text: 'Our helpers make S-01 and S-02 impossible to break by accident: configuring the scope is a typed error at start-up that says why; in a scope set computed per request it is filtered out and reported',
    source: '',
  },
  {
    id: 'S-10',
    level: 'MUST',
    group: 'resource-server',
    text: 'RFC 9728 metadata with at least one authorization server, at the well-known URI, and named in every challenge',
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
    text: 'Token validation: signature, issuer, expiry, audience = this server; no token passes through to anyone else',
    source: 'AUTH Token Handling, SEC',
  },
  {
    id: 'S-13',
    level: 'MUST',
    group: 'resource-server',
    text: 'Invalid or expired: 401 `invalid_token`. Insufficient: 403 `insufficient_scope` with **all** scopes the operation needs in one challenge. Malformed: 400',
    source: 'AUTH Error Handling',
  },
  {
    id: 'S-14',
    level: 'MUST',
    group: 'resource-server',
    text: 'Scope hierarchies count: a broader scope that implies the needed one suffices',
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
    id: 'A-01',
    level: 'OURS',
    group: 'authorization-server',
    text: "Whether a refresh token is issued is one named, testable policy: by the client's `grant_types` alone (plain OAuth 2.1), by `offline_access` (OIDC), by either, and with a risk assessment that can veto",
    source: 'SEP rationale, security implications',
  },
  {
    id: 'A-02',
    level: 'SHOULD NOT',
    group: 'authorization-server',
    text: 'A client that does not declare the `refresh_token` grant gets none',
    source: 'SEP rationale',
  },
  {
    id: 'A-03',
    level: 'OURS',
    group: 'authorization-server',
    text: '`offline_access` is listed in `scopes_supported` exactly when asking for it has an effect',
    source: 'SEP',
  },
  {
    id: 'A-04',
    level: 'MUST',
    group: 'authorization-server',
    text: '`offline_access` is ignored without consent to it, and for response types that return no code',
    source: 'OIDC §11',
  },
  {
    id: 'A-05',
    level: 'MUST',
    group: 'authorization-server',
    text: 'Public clients: refresh tokens rotate, or are bound to the sender (DPoP). Reuse of a superseded token revokes the family',
    source: '2.1 §4.3.1, BCP §4.14.2',
  },
  {
    id: 'A-06',
    level: 'OURS',
    group: 'authorization-server',
    text: 'A lost response does not log the user out: the superseded token is honoured again until its successor is first used, or for a short window, whichever ends first; outside that, reuse revokes',
    source: 'BCP §4.14.2',
  },
  {
    id: 'A-07',
    level: 'SHOULD',
    group: 'authorization-server',
    text: 'Refresh tokens expire on inactivity and at an absolute age; both configurable',
    source: '2.1 §4.3',
  },
  {
    id: 'A-08',
    level: 'MUST',
    group: 'authorization-server',
    text: 'RFC 8414 and OIDC discovery, PKCE S256 advertised, RFC 9207 `iss`, RFC 8707 audience, exact redirect matching (loopback port excepted, RFC 8252 §7.3)',
    source: 'AUTH, SEC',
  },
  {
    id: 'A-09',
    level: 'SHOULD',
    group: 'authorization-server',
    text: 'Client ID Metadata Documents: fetched with SSRF protection, size and time limits, `client_id` equal to the URL, caching by HTTP headers, redirect host shown, a warning for loopback-only clients',
    source: 'REG, SEC',
  },
  {
    id: 'A-10',
    level: 'OURS',
    group: 'authorization-server',
    text: 'The consent page says in plain words that access continues while the user is away, and for how long; the user can list and revoke such grants',
    source: 'OIDC §11',
  },
  {
    id: 'A-11',
    level: 'MUST',
    group: 'authorization-server',
    text: 'Revocation (RFC 7009); revoking a refresh token ends its grant',
    source: 'RFC 7009',
  },
  {
    id: 'A-13',
    level: 'OURS',
    group: 'authorization-server',
    text: 'Unused registrations are removed; a registration with a live grant never is; a removed client recovers with one sign-in',
    source: 'RFC 7591',
  },
]
