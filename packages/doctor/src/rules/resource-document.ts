import { offlineAccess, readScope, showRemote } from '@evergrant/core'
import { isSecureEndpoint } from '@evergrant/core/network'
import type { DocumentEvidence } from '../evidence/evidence.ts'
import { ownDocuments, relation } from '../evidence/own-documents.ts'
import { stringsOf } from '../lib/json.ts'
import { quoteMember } from './quotes.ts'
import { hasServersOnly } from './resource-metadata.ts'
import { pages } from './rule.ts'
import type { Rule } from './rule.ts'

const step = 'resource-metadata'
const concerns = 'mcp-server'

/** Rules about the members of the protected resource metadata. */
export const resourceDocumentRules: readonly Rule[] = [
  {
    id: 'resource-member-missing',
    title: 'The protected resource metadata does not say which resource it describes',
    why: 'Without it, a client cannot know whether the document is about this server, and could send tokens to the wrong one.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['S-10'],
    sentence:
      'The resource value returned MUST be identical to the protected resource’s resource identifier value into which the well-known URI path suffix was inserted to create the URL used to retrieve the metadata.',
    link: `${pages.resourceMetadata}#section-3.3`,
    change: 'Add "resource" with the URL of the MCP server.',
    check: ({ challenged, resourceDocuments }) =>
      challenged === undefined
        ? []
        : resourceDocuments.filter(hasServersOnly).map((location) => ({
            message: `${location.url} has authorization_servers and no resource, so clients do not use it.`,
            evidence: [
              quoteMember(location, 'resource'),
              quoteMember(location, 'authorization_servers'),
            ],
          })),
  },
  {
    id: 'resource-mismatch',
    title: 'The protected resource metadata is for another resource',
    why: 'The comparison protects users from a server that passes off the tokens of another one. Clients that make it do not sign in here.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['S-10', 'C-34'],
    sentence:
      'If these values are not identical, the data contained in the response MUST NOT be used.',
    link: `${pages.resourceMetadata}#section-3.3`,
    change: 'Set "resource" to the URL of the MCP server, exactly as clients use it.',
    check: ({ observations: { serverUrl }, challenged, resourceDocuments }) =>
      challenged === undefined
        ? []
        : judgedDocuments(resourceDocuments, serverUrl)
            .filter(({ document }) => relation(document?.['resource'], serverUrl) === 'different')
            .map((location) => ({
              message: `${location.url} is for ${showRemote(location.document?.['resource'], 200)} (expected ${showRemote(serverUrl, 200)}). Clients must not use it.`,
              evidence: [quoteMember(location, 'resource')],
              ...(differsInScheme(location.document?.['resource'], serverUrl)
                ? {
                    change:
                      'The scheme differs. Behind a proxy, configure the public https URL of the server, or trust X-Forwarded-Proto.',
                  }
                : {}),
            })),
  },
  {
    id: 'resource-covers-url',
    title: 'The resource covers more than the URL of the MCP server',
    why: 'A token for the whole origin is accepted by every server on it, so that one of them can use it at the others.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['S-10', 'C-34'],
    sentence:
      'If the protected resource metadata was retrieved from a URL returned by the protected resource via the WWW-Authenticate resource_metadata parameter, then the resource value returned MUST be identical to the URL that the client used to make the request to the resource server.',
    link: `${pages.resourceMetadata}#section-3.3`,
    change: 'Set "resource" to the URL of the MCP server, and accept tokens with that audience.',
    check: ({ observations: { serverUrl }, challenged, resourceDocuments }) => {
      if (challenged === undefined) return []
      // At the root well-known URI, the origin is the right resource.
      const location = judgedDocuments(resourceDocuments, serverUrl).find(
        ({ exchange, document }) =>
          exchange.place !== 'root' && relation(document?.['resource'], serverUrl) === 'covers',
      )
      return location === undefined
        ? []
        : [
            {
              message: `resource is ${showRemote(location.document?.['resource'], 200)}, so a token for ${showRemote(serverUrl, 200)} is valid for everything below it. Strict clients refuse the document.`,
              evidence: [quoteMember(location, 'resource')],
            },
          ]
    },
  },
  {
    id: 'authorization-servers-missing',
    title: 'The protected resource metadata names no authorization server',
    why: 'Clients do not know where to sign in.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['S-10'],
    sentence:
      'The Protected Resource Metadata document returned by the MCP server **MUST** include the `authorization_servers` field containing at least one authorization server.',
    link: `${pages.discovery}#authorization-server-location`,
    change: 'List the issuer of the authorization server in "authorization_servers".',
    check: ({ challenged, resourceDocuments, observations }) =>
      challenged === undefined
        ? []
        : judgedDocuments(resourceDocuments, observations.serverUrl)
            .filter(({ document }) => stringsOf(document?.['authorization_servers']).length === 0)
            .map((location) => ({
              message: `${location.url} lists no authorization server.`,
              evidence: [quoteMember(location, 'authorization_servers')],
            })),
  },
  {
    id: 'authorization-server-url-invalid',
    title: 'The identifier of an authorization server cannot be used',
    why: 'The issuer is the name under which clients store a grant and check responses. With an unusable one, they cannot sign in.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['S-10'],
    sentence:
      'REQUIRED. The authorization server’s issuer identifier, which is a URL that uses the "https" scheme and has no query or fragment components.',
    link: `${pages.serverMetadata}#section-2`,
    change: 'List the exact value of "issuer" in the metadata of the authorization server.',
    check: ({ challenged, resourceDocuments, observations }) =>
      challenged === undefined
        ? []
        : judgedDocuments(resourceDocuments, observations.serverUrl)
            .slice(0, 1)
            .flatMap((location) =>
              stringsOf(location.document?.['authorization_servers'])
                .filter((issuer) => !isSecureEndpoint(issuer) || /[?#]/.test(issuer))
                .map((issuer) => ({
                  message: `${showRemote(issuer, 200)} is not an https URL without query and fragment, so clients ignore it.`,
                  evidence: [quoteMember(location, 'authorization_servers')],
                })),
            ),
  },
  {
    id: 'resource-metadata-offline-access',
    title: 'The protected resource metadata lists offline_access',
    why: 'Clients that request all listed scopes send it to an authorization server that may not know it, and the sign-in ends with invalid_scope.',
    step,
    concerns,
    keyword: 'SHOULD NOT',
    requirements: ['S-02'],
    sentence:
      '**SHOULD NOT** include `offline_access` in `scopes_supported` in Protected Resource Metadata, as it is not a resource-specific scope.',
    link: 'https://modelcontextprotocol.io/seps/2207-oidc-refresh-token-guidance',
    change:
      'Remove offline_access here, and list it in scopes_supported of the authorization server: clients read it there.',
    check: ({ resourceDocuments, observations: { serverUrl } }) => {
      const location = ownDocuments(resourceDocuments, serverUrl).find(({ document }) =>
        readScope(document?.['scopes_supported']).tokens.includes(offlineAccess),
      )
      return location === undefined
        ? []
        : [
            {
              message: 'scopes_supported of the MCP server contains offline_access.',
              evidence: [quoteMember(location, 'scopes_supported')],
            },
          ]
    },
  },
  {
    id: 'scopes-supported-not-a-list',
    title: 'scopes_supported of the MCP server is not a list of strings',
    why: 'Clients that validate the document reject all of it because of this member.',
    step,
    concerns,
    keyword: 'BLOCKING',
    requirements: [],
    link: `${pages.resourceMetadata}#section-2`,
    change: 'Publish a JSON array of strings. The MCP SDKs reject the whole document otherwise.',
    check: ({ resourceDocuments, observations: { serverUrl } }) =>
      ownDocuments(resourceDocuments, serverUrl)
        .filter(({ document }) => !isOptionalList(document?.['scopes_supported']))
        .slice(0, 1)
        .map((location) => ({
          message: 'scopes_supported has another type than RFC 9728 §2 defines.',
          evidence: [quoteMember(location, 'scopes_supported')],
        })),
  },
  {
    id: 'bearer-methods-without-header',
    title: 'The MCP server does not accept the Authorization header',
    why: 'MCP clients send tokens in the header only. One that believes the metadata has no way to send its token.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['S-15'],
    sentence:
      'MCP client **MUST** use the Authorization request header field defined in OAuth 2.1 Section 5.1.1',
    link: `${pages.authorization}#token-requirements`,
    change: 'Accept the token in the header, and list "header" in bearer_methods_supported.',
    check: ({ resourceDocuments, observations: { serverUrl } }) => {
      const [location] = ownDocuments(resourceDocuments, serverUrl)
      const methods = location?.document?.['bearer_methods_supported']
      if (location === undefined || methods === undefined || !Array.isArray(methods)) return []
      if (methods.includes('header')) return []
      return [
        {
          message:
            'bearer_methods_supported does not list "header", which is the only way MCP clients send a token.',
          evidence: [quoteMember(location, 'bearer_methods_supported')],
        },
      ]
    },
  },
  {
    id: 'bearer-methods-query',
    title: 'The MCP server accepts tokens in the URL',
    why: 'Tokens in URLs end up in logs, histories and Referer headers, where others find them.',
    step,
    concerns,
    keyword: 'MUST NOT',
    requirements: ['S-15'],
    sentence: 'Access tokens **MUST NOT** be included in the URI query string',
    link: `${pages.authorization}#token-requirements`,
    change: 'Accept no token in the query, and remove "query" from bearer_methods_supported.',
    check: ({ resourceDocuments, observations: { serverUrl } }) => {
      const [location] = ownDocuments(resourceDocuments, serverUrl)
      const methods = location?.document?.['bearer_methods_supported']
      if (location === undefined || !Array.isArray(methods) || !methods.includes('query')) return []
      return [
        {
          message: 'bearer_methods_supported lists "query": URLs end up in logs and histories.',
          evidence: [quoteMember(location, 'bearer_methods_supported')],
        },
      ]
    },
  },
  {
    id: 'dpop-required-without-support',
    title: 'The MCP server requires DPoP, which the authorization server does not offer',
    why: 'Clients can bind tokens only if the authorization server does. Every token that they get is refused.',
    step,
    concerns,
    keyword: 'BLOCKING',
    requirements: [],
    link: 'https://www.rfc-editor.org/rfc/rfc9449#section-5.1',
    change:
      'Enable DPoP at the authorization server (dpop_signing_alg_values_supported), or do not require it.',
    check: ({ resourceDocuments, servers, observations: { serverUrl } }) => {
      const [location] = ownDocuments(resourceDocuments, serverUrl)
      const server = servers.find(({ metadata }) => metadata !== undefined)
      if (location?.document?.['dpop_bound_access_tokens_required'] !== true) return []
      if (
        server?.used === undefined ||
        server.metadata?.dpop_signing_alg_values_supported !== undefined
      )
        return []
      return [
        {
          message:
            'Tokens must be bound to a key, and the authorization server does not say that it can bind them.',
          evidence: [
            quoteMember(location, 'dpop_bound_access_tokens_required'),
            quoteMember(server.used, 'dpop_signing_alg_values_supported'),
          ],
        },
      ]
    },
  },
]

/** The documents that are meant for this MCP server. If none is, clients see all of them. */
function judgedDocuments(
  documents: readonly DocumentEvidence[],
  serverUrl: string,
): readonly DocumentEvidence[] {
  const own = ownDocuments(documents, serverUrl)
  return own.length > 0 ? own : documents.filter(({ kind }) => kind === 'document')
}

function differsInScheme(resource: unknown, serverUrl: string): boolean {
  if (typeof resource !== 'string' || !URL.canParse(resource)) return false
  const [named, used] = [new URL(resource), new URL(serverUrl)]
  return named.protocol !== used.protocol && named.host === used.host
}

function isOptionalList(value: unknown): boolean {
  return (
    value === undefined || (Array.isArray(value) && value.every((one) => typeof one === 'string'))
  )
}
