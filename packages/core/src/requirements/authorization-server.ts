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
    level: 'OURS',
    group: 'authorization-server',
    text: 'A client that does not declare the `refresh_token` grant gets no refresh token, by default and in every preset but the one that is documented as lenient',
    source: 'SEP rationale, security implications',
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
    quotes: [
      {
        text: '[The Authorization Server] MUST ignore the `offline_access` request unless the Client is using a `response_type` value that would result in an Authorization Code being returned',
        url: 'https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess',
      },
      {
        text: 'The OP MUST always obtain consent to returning a Refresh Token that enables offline access to the requested resources.',
        url: 'https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess',
      },
    ],
  },
  {
    id: 'A-05',
    level: 'MUST',
    group: 'authorization-server',
    text: 'Public clients: refresh tokens rotate, or are sender-constrained (DPoP). Reuse of a superseded token revokes the family',
    source: '2.1 §4.3.1, BCP §4.14.2',
    quotes: [
      {
        text: 'For public clients, authorization servers **MUST** rotate refresh tokens as described in OAuth 2.1 Section 4.3.1',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/security-considerations#token-theft',
      },
    ],
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
    source: '2.1 §4.3, BCP §4.14.2',
    quotes: [
      {
        text: 'Refresh tokens SHOULD expire if the client has been inactive for some time, i.e., the refresh token has not been used to obtain fresh access tokens for some time.',
        url: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2',
      },
    ],
  },
  {
    id: 'A-08',
    level: 'MUST',
    levelDetail: 'MUST, and SHOULD for `iss`',
    group: 'authorization-server',
    text: 'At least one of RFC 8414 and OIDC discovery (Evergrant serves both), advertised PKCE S256, RFC 9207 `iss`, RFC 8707 audience, exact redirect URI matching (loopback port excepted, RFC 8252 §7.3)',
    source: 'AUTH, SEC',
    quotes: [
      {
        text: 'MCP authorization servers **MUST** provide at least one of the following discovery mechanisms',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#overview',
      },
      {
        text: 'Authorization servers **MUST** validate exact redirect URIs against pre-registered values to prevent redirection attacks.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/security-considerations#open-redirection',
      },
      {
        text: 'MCP authorization servers **SHOULD** include the `iss` parameter in authorization responses, including error responses',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#authorization-response-validation',
      },
    ],
  },
  {
    id: 'A-09',
    level: 'SHOULD',
    levelDetail: 'SHOULD, and MUST for `client_id`, redirect URIs and the displayed host',
    group: 'authorization-server',
    text: 'Client ID Metadata Documents: fetched with SSRF protection, size and time limits, `client_id` equal to the URL, caching according to HTTP headers, redirect host shown, a warning for loopback-only clients',
    source: 'REG, SEC',
    quotes: [
      {
        text: '**SHOULD** fetch metadata documents when encountering URL-formatted client_ids',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/client-registration#implementation-requirements',
      },
      {
        text: "**MUST** validate that the fetched document's `client_id` matches the URL exactly",
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/client-registration#implementation-requirements',
      },
      {
        text: '**MUST** validate redirect URIs presented in an authorization request against those in the metadata document',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/client-registration#implementation-requirements',
      },
      {
        text: '**MUST** clearly display the redirect URI hostname during authorization',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/security-considerations#localhost-redirect-uri-risks',
      },
    ],
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
    quotes: [
      {
        text: 'Implementations MUST support the revocation of refresh tokens and SHOULD support the revocation of access tokens',
        url: 'https://www.rfc-editor.org/rfc/rfc7009#section-2',
      },
    ],
  },
  {
    id: 'A-12',
    level: 'OURS',
    group: 'authorization-server',
    text: 'The lifetime of a grant is announced to the client in token responses and metadata',
    source: 'draft-ietf-oauth-refresh-token-expiration',
  },
  {
    id: 'A-13',
    level: 'OURS',
    group: 'authorization-server',
    text: 'Unused registrations are removed. A registration with a live grant is never removed. A removed client recovers with one sign-in',
    source: 'RFC 7591',
  },
  {
    id: 'A-14',
    level: 'OURS',
    group: 'authorization-server',
    text: 'The page of the device grant limits how often a user code can be entered, shows the client and the scope before it asks for approval, applies the same rules about clients and `offline_access` as the authorization page, and accepts no approval from another site',
    source: 'RFC 8628 §5.1, §5.4',
  },
]
