import { offlineAccess, showRemote } from '@evergrant/core'
import { decidePkce, isOpenIdProvider } from '@evergrant/core/metadata'
import type { Evidence, ServerEvidence } from '../evidence/evidence.ts'
import { quoteMember } from './quotes.ts'
import { pages } from './rule.ts'
import type { Occurrence, Rule } from './rule.ts'
import { namedServers } from './server-metadata.ts'

const concerns = 'authorization-server'

/** Rules about what the authorization server offers: PKCE, registration, `iss`, refresh tokens. */
export const authorizationRules: readonly Rule[] = [
  {
    id: 'pkce-not-advertised',
    title: 'The authorization server does not say that it supports PKCE',
    why: 'PKCE prevents others from exchanging a stolen code. Clients must not continue if they do not know that the server checks it.',
    step: 'authorization',
    concerns,
    keyword: 'MUST',
    requirements: ['C-33', 'A-08'],
    sentence:
      'If `code_challenge_methods_supported` is absent, the authorization server does not support PKCE and MCP clients **MUST** refuse to proceed.',
    link: `${pages.security}#authorization-code-protection`,
    change:
      'Add "code_challenge_methods_supported": ["S256"] to the metadata, and verify the challenge.',
    check: forServers(({ metadata, profile }) => {
      if (decidePkce(metadata).reason !== 'not-advertised') return undefined
      const known =
        profile.pkceS256 === 'known'
          ? ` ${profile.name} is known to support S256 without listing it, and some clients make an exception for it.`
          : ''
      return {
        message: `code_challenge_methods_supported is missing, so clients must refuse to sign in.${known}`,
        member: 'code_challenge_methods_supported',
      }
    }),
  },
  {
    id: 'pkce-s256-not-listed',
    title: 'The authorization server does not list the PKCE method S256',
    why: 'The method plain protects nothing if the request is read. Clients that require S256 do not sign in.',
    step: 'authorization',
    concerns,
    keyword: 'MUST',
    requirements: ['C-33', 'A-08'],
    sentence:
      'MCP clients **MUST** use the `S256` code challenge method when technically capable, as required by [OAuth 2.1 Section 4.1.1](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-13#section-4.1.1).',
    link: `${pages.security}#authorization-code-protection`,
    change: 'Enable S256, and list it in code_challenge_methods_supported.',
    check: forServers(({ metadata }) =>
      decidePkce(metadata).reason === 's256-not-listed'
        ? {
            message: `The server lists ${showRemote(metadata.code_challenge_methods_supported, 80)} and not S256.`,
            member: 'code_challenge_methods_supported',
          }
        : undefined,
    ),
  },
  {
    id: 'iss-not-advertised',
    title: 'The metadata does not announce the issuer in authorization responses',
    why: 'Without the issuer in the response, a client that uses several servers can be tricked into sending the code of one to another.',
    step: 'authorization',
    concerns,
    keyword: 'SHOULD',
    requirements: ['A-08', 'C-35'],
    sentence:
      'MCP authorization servers **SHOULD** include the `iss` parameter in authorization responses, including error responses, as defined in RFC9207 Section 2.',
    link: `${pages.authorization}#authorization-response-validation`,
    change:
      'Send iss in every authorization response, and set authorization_response_iss_parameter_supported to true.',
    check: forServers(({ metadata }, { observations: { measurement } }) =>
      // A sign-in may have shown that iss is sent and only not declared.
      metadata.authorization_response_iss_parameter_supported === true ||
      measurement?.iss === 'sent'
        ? undefined
        : {
            message:
              'authorization_response_iss_parameter_supported is not true, so clients cannot detect a response of another server.',
            member: 'authorization_response_iss_parameter_supported',
          },
    ),
  },
  {
    id: 'pushed-requests-required',
    title: 'The authorization server requires pushed authorization requests',
    why: 'Most MCP clients send the parameters in the URL. The server refuses such a request with an error page.',
    step: 'authorization',
    concerns,
    keyword: 'OBSERVED',
    requirements: [],
    link: 'https://www.rfc-editor.org/rfc/rfc9126#section-5',
    change: 'Accept authorization requests without PAR: MCP clients usually do not send it.',
    check: forServers(({ metadata }) =>
      metadata.require_pushed_authorization_requests === true
        ? {
            message: 'Clients without PAR (RFC 9126) cannot sign in.',
            member: 'require_pushed_authorization_requests',
          }
        : undefined,
    ),
  },
  {
    id: 'no-automatic-registration',
    title: 'Clients cannot register themselves',
    why: 'A client that has never seen this server has no client ID for it. Its users must find out how to register one.',
    step: 'registration',
    concerns,
    keyword: 'SHOULD',
    requirements: ['A-09', 'C-37'],
    sentence:
      'MCP clients and authorization servers **SHOULD** support OAuth Client ID Metadata Documents as specified in OAuth Client ID Metadata Document for client registration.',
    link: pages.registration,
    change:
      'Support Client ID Metadata Documents (client_id_metadata_document_supported), or dynamic registration. Until then, register each client by hand.',
    check: forServers(({ metadata }) =>
      metadata.client_id_metadata_document_supported !== true &&
      metadata.registration_endpoint === undefined
        ? {
            message:
              'The server lists neither Client ID Metadata Documents nor a registration endpoint, so every user needs a client that was registered by hand.',
            member: 'registration_endpoint',
          }
        : undefined,
    ),
  },
  {
    id: 'client-documents-not-supported',
    title: 'The authorization server does not support Client ID Metadata Documents',
    why: 'Each installation registers a client of its own. Servers that limit or delete registrations then forget clients that are in use.',
    step: 'registration',
    concerns,
    keyword: 'SHOULD',
    requirements: ['A-09', 'C-37'],
    sentence:
      'MCP clients and authorization servers **SHOULD** support OAuth Client ID Metadata Documents as specified in OAuth Client ID Metadata Document for client registration.',
    link: `${pages.registration}#client-id-metadata-documents`,
    change:
      'Support them, and set client_id_metadata_document_supported to true. Dynamic registration works in the meantime.',
    check: forServers(({ metadata }) =>
      metadata.client_id_metadata_document_supported !== true &&
      metadata.registration_endpoint !== undefined
        ? {
            message: 'Clients register dynamically instead, once per installation.',
            member: 'client_id_metadata_document_supported',
          }
        : undefined,
    ),
  },
  {
    id: 'refresh-grant-not-listed',
    title: 'The authorization server does not list the refresh_token grant',
    why: 'Some clients do not register the grant, or do not refresh, if the server does not list it.',
    step: 'refresh',
    concerns,
    keyword: 'OBSERVED',
    requirements: ['A-01', 'A-03'],
    link: `${pages.serverMetadata}#section-2`,
    change: 'Add "refresh_token" to grant_types_supported if the server issues refresh tokens.',
    check: forServers(({ metadata }) => {
      const { grant_types_supported: grants, scopes_supported: scopes } = metadata
      if (grants?.includes('refresh_token') !== false) return undefined
      const contradiction = scopes?.includes(offlineAccess) === true
      return {
        message: contradiction
          ? 'scopes_supported lists offline_access and grant_types_supported does not list refresh_token: one of them is wrong.'
          : 'grant_types_supported does not list refresh_token, so clients may not ask for one.',
        member: 'grant_types_supported',
      }
    }),
  },
  {
    id: 'consent-prompt-not-supported',
    title: 'The OpenID Provider lists offline_access and not prompt=consent',
    why: 'A client that follows OpenID Connect sends the parameter, and a server that refuses it may show an error page.',
    step: 'refresh',
    concerns,
    keyword: 'OURS',
    requirements: ['C-07', 'A-04'],
    link: 'https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess',
    change: 'Add "consent" to prompt_values_supported, or issue refresh tokens without it.',
    check: forServers(({ metadata }) =>
      isOpenIdProvider(metadata) &&
      metadata.scopes_supported?.includes(offlineAccess) === true &&
      metadata.prompt_values_supported?.includes('consent') === false
        ? {
            message:
              'OpenID Connect requires prompt=consent with offline_access unless other conditions apply, and the server does not list it.',
            member: 'prompt_values_supported',
          }
        : undefined,
    ),
  },
  {
    id: 'revocation-not-offered',
    title: 'Tokens cannot be revoked by the client',
    why: 'A signed-out user expects that access has ended. The refresh token stays valid in backups and logs until the grant ends.',
    step: 'revocation',
    concerns,
    keyword: 'OBSERVED',
    requirements: ['A-11', 'C-57'],
    link: 'https://www.rfc-editor.org/rfc/rfc7009#section-2',
    change:
      'Add a revocation endpoint. Without it, a refresh token lives on after the user signs out.',
    check: forServers(({ metadata }) =>
      metadata.revocation_endpoint === undefined
        ? {
            message: 'The metadata has no revocation_endpoint.',
            member: 'revocation_endpoint',
          }
        : undefined,
    ),
  },
]

interface Found {
  readonly message: string
  readonly member: string
}

type Judge = (
  server: ServerEvidence & Required<Pick<ServerEvidence, 'metadata' | 'used'>>,
  evidence: Evidence,
) => Found | undefined

/** Judges the metadata of every named server that a client can use. */
function forServers(judge: Judge): (evidence: Evidence) => readonly Occurrence[] {
  return (evidence) =>
    namedServers(evidence).flatMap((server) => {
      const { metadata, used } = server
      if (metadata === undefined || used === undefined) return []
      const found = judge({ ...server, metadata, used }, evidence)
      if (found === undefined) return []
      return [{ message: found.message, evidence: [quoteMember(used, found.member)] }]
    })
}
