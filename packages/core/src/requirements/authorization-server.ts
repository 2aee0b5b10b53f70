import type { Requirement } from './requirement.ts'

/** Rules for authorization servers. */
export const authorizationServerRequirements: readonly Requirement[] = [
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
    text: 'A client that does not declare the `refresh_token` grant gets no refresh token',
    source: 'SEP rationale',
  },
  {
    id: 'A-03',
    level: 'OURS',
    group: 'authorization-server',
    text: '`offline_access` is listed in `scopes_supported` exactly when requesting it has an effect',
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
    text: 'Public clients: refresh tokens rotate, or are sender-constrained (DPoP). Reuse of a superseded token revokes the family',
    source: '2.1 §4.3.1, BCP §4.14.2',
  },
  {
    id: 'A-06',
    level: 'OURS',
    group: 'authorization-server',
    text: 'A lost response does not sign the user out: the superseded token is honored until its successor is first used, or for a short window, whichever ends first. After that, reuse revokes the family',
    source: 'BCP §4.14.2',
  },
  {
    id: 'A-07',
    level: 'SHOULD',
    group: 'authorization-server',
    text: 'Refresh tokens expire after inactivity and at an absolute age. Both are configurable',
    source: '2.1 §4.3',
  },
  {
    id: 'A-08',
    level: 'MUST',
    group: 'authorization-server',
    text: 'RFC 8414 and OIDC discovery, advertised PKCE S256, RFC 9207 `iss`, RFC 8707 audience, exact redirect URI matching (loopback port excepted, RFC 8252 §7.3)',
    source: 'AUTH, SEC',
  },
  {
    id: 'A-09',
    level: 'SHOULD',
    group: 'authorization-server',
    text: 'Client ID Metadata Documents: fetched with SSRF protection, size and time limits, `client_id` equal to the URL, caching according to HTTP headers, redirect host shown, a warning for loopback-only clients',
    source: 'REG, SEC',
  },
  {
    id: 'A-10',
    level: 'OURS',
    group: 'authorization-server',
    text: 'The consent page says in plain words that access continues while the user is away, and for how long. The user can list and revoke such grants',
    source: 'OIDC §11',
  },
  {
    id: 'A-11',
    level: 'MUST',
    group: 'authorization-server',
    text: 'Revocation (RFC 7009): revoking a refresh token ends its grant',
    source: 'RFC 7009',
  },
  {
    id: 'A-13',
    level: 'OURS',
    group: 'authorization-server',
    text: 'Unused registrations are removed. A registration with a live grant is never removed. A removed client recovers with one sign-in',
    source: 'RFC 7591',
  },
]
