import { showRemote } from '@evergrant/core'
import { isSameIssuer } from '@evergrant/core/metadata'
import { isSecureEndpoint } from '@evergrant/core/network'
import type { DocumentEvidence, Evidence, ServerEvidence } from '../evidence/evidence.ts'
import { canonicalText, stringsOf } from '../lib/json.ts'
import { quoteExchange, quoteLocation, quoteMember } from './quotes.ts'
import { pages } from './rule.ts'
import type { Occurrence, Rule } from './rule.ts'

const step = 'server-metadata'
const concerns = 'authorization-server'

/** Rules about the metadata of the authorization server: where it is, and whether it can be used. */
export const serverMetadataRules: readonly Rule[] = [
  {
    id: 'server-metadata-missing',
    title: 'The authorization server has no metadata',
    why: 'Without metadata, clients guess the paths of the endpoints. Most authorization servers use other paths, so the sign-in fails.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['A-08', 'C-31'],
    sentence:
      'MCP authorization servers **MUST** provide at least one of the following discovery mechanisms',
    link: `${pages.discovery}#authorization-server-metadata-discovery`,
    change:
      'Serve RFC 8414 or OpenID Connect Discovery metadata for this issuer, or correct authorization_servers of the MCP server.',
    check: (evidence) =>
      namedServers(evidence)
        .filter(
          ({ documents }) =>
            documents.length > 0 &&
            !documents.some(
              ({ kind }) => kind === 'document' || kind === 'failing' || kind === 'too-large',
            ),
        )
        .map(({ issuer, documents }) => ({
          message: `The issuer ${showRemote(issuer, 200)} has no metadata at any location that clients try.`,
          evidence: documents.map(quoteLocation),
        })),
  },
  {
    id: 'server-metadata-failing',
    title: 'The metadata of the authorization server cannot be fetched',
    why: 'Clients cannot start a sign-in while it fails, and at many clients a refresh fails, too, because they read the metadata first.',
    step,
    concerns,
    keyword: 'BLOCKING',
    requirements: ['A-08'],
    link: `${pages.discovery}#authorization-server-metadata-discovery`,
    change:
      'Find out why the request fails. Check that the issuer in the metadata of the MCP server is right.',
    check: (evidence) =>
      namedServers(evidence)
        .filter(({ documents }) => !documents.some(({ kind }) => kind === 'document'))
        .flatMap(({ issuer, documents }) => {
          const failing = documents.filter(
            ({ kind, exchange }) => kind === 'failing' && exchange.failure?.reason !== 'tls',
          )
          return failing.length === 0
            ? []
            : [
                {
                  message: `The metadata of the issuer ${showRemote(issuer, 200)} cannot be fetched.`,
                  evidence: failing.map(quoteLocation),
                },
              ]
        }),
  },
  {
    id: 'metadata-too-large',
    title: 'A metadata document is too large',
    why: 'Clients limit what they read, so that no server can fill their memory. They cannot use a longer document.',
    step,
    concerns,
    keyword: 'BLOCKING',
    requirements: [],
    link: `${pages.serverMetadata}#section-3.2`,
    change: 'Serve only the document: metadata has a few KiB.',
    check: ({ resourceDocuments, servers, access }) =>
      // Where no MCP server answers, its metadata does not matter.
      (access === 'not-mcp'
        ? []
        : [
            ...resourceDocuments.map((location) => ({ location, who: 'mcp-server' as const })),
            ...servers.flatMap(({ documents }) =>
              documents.map((location) => ({ location, who: 'authorization-server' as const })),
            ),
          ]
      )
        .filter(({ location }) => location.kind === 'too-large')
        .map(({ location, who }) => ({
          message: `${location.url} answers with more than 256 KiB. Clients stop reading.`,
          evidence: [quoteExchange(location.exchange)],
          concerns: who,
        })),
  },
  {
    id: 'issuer-mismatch',
    title: 'The metadata names another issuer',
    why: 'The comparison prevents one authorization server from posing as another (mix-up). Clients that make it refuse the document.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['C-32'],
    sentence:
      'the `issuer` value in the document **MUST** be identical to the issuer identifier used to construct the well-known URL. If they differ, the client **MUST NOT** use the metadata.',
    link: `${pages.discovery}#authorization-server-metadata-discovery`,
    change:
      'List the exact issuer in authorization_servers of the MCP server, or correct "issuer" at the authorization server.',
    check: (evidence) =>
      namedServers(evidence)
        .filter(({ metadata }) => metadata === undefined)
        .flatMap(({ issuer, documents }) =>
          documents
            .filter(({ kind, document }) => kind === 'document' && !namesIssuer(document, issuer))
            .slice(0, 1)
            .map((location) => ({
              message: `${location.url} names the issuer ${showRemote(location.document?.['issuer'], 200)} (expected ${showRemote(issuer, 200)}). Clients must not use it.`,
              evidence: [quoteMember(location, 'issuer')],
            })),
        ),
  },
  {
    id: 'issuer-slash',
    title: 'Two spellings of the issuer differ by a slash',
    why: 'The issuer is compared character by character. The sign-in works in lenient clients and fails in strict ones.',
    step,
    concerns: 'mcp-server',
    keyword: 'MUST',
    requirements: ['C-32'],
    sentence:
      'the `issuer` value in the document **MUST** be identical to the issuer identifier used to construct the well-known URL. If they differ, the client **MUST NOT** use the metadata.',
    link: `${pages.discovery}#authorization-server-metadata-discovery`,
    change: 'Copy the issuer into authorization_servers of the MCP server character by character.',
    check: (evidence) =>
      namedServers(evidence)
        .filter(({ metadata, issuer }) => metadata !== undefined && metadata.issuer !== issuer)
        .map(({ issuer, used }) => ({
          message: `The MCP server names ${showRemote(issuer, 200)}, and the metadata names ${showRemote(used?.document?.['issuer'], 200)}. Strict clients refuse that.`,
          evidence: used === undefined ? [] : [quoteMember(used, 'issuer')],
        })),
  },
  {
    id: 'server-metadata-location-html',
    title: 'A metadata location of the authorization server answers with a page',
    why: 'Clients try several locations. Some stop at the first answer with status 200, even if it is a page.',
    step,
    concerns,
    keyword: 'OBSERVED',
    requirements: ['C-31'],
    link: `${pages.serverMetadata}#section-3.2`,
    change: 'Answer with status 404 where there is no document.',
    check: (evidence) =>
      namedServers(evidence)
        .filter(({ metadata }) => metadata !== undefined)
        .flatMap(({ documents }) =>
          documents
            .filter(({ kind }) => kind === 'html')
            .map((location) => ({
              message: `${location.url} answers with status 200 and an HTML page. Some clients try to parse it and fail.`,
              evidence: [quoteLocation(location)],
            })),
        ),
  },
  {
    id: 'server-metadata-disagree',
    title: 'The metadata documents of the authorization server disagree',
    why: 'Some clients read the OAuth document, others the one of OpenID Connect. If they differ, a sign-in can work in one client and fail in another.',
    step,
    concerns,
    keyword: 'OBSERVED',
    requirements: ['C-31'],
    link: `${pages.discovery}#authorization-server-metadata-discovery`,
    change: 'Generate both documents from the same configuration.',
    check: (evidence) => namedServers(evidence).flatMap(disagreement),
  },
  {
    id: 'metadata-content-type',
    title: 'A metadata document does not have the type application/json',
    why: 'Clients that check the type do not parse the document.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: [],
    sentence:
      'A successful response MUST use the 200 OK HTTP status code and return a JSON object using the "application/json" content type that contains a set of claims as its members',
    link: `${pages.serverMetadata}#section-3.2`,
    change: 'Send Content-Type: application/json.',
    check: ({ resourceDocuments, servers }) =>
      [
        ...resourceDocuments.map((location) => ({ location, who: 'mcp-server' as const })),
        ...servers.flatMap(({ documents }) =>
          documents.map((location) => ({ location, who: 'authorization-server' as const })),
        ),
      ]
        .filter(({ location }) => location.kind === 'document' && !isJsonType(location))
        .map(({ location, who }) => ({
          message: `${location.url} has the type ${showRemote(location.exchange.answer?.headers['content-type'] ?? 'none', 80)} (expected application/json).`,
          evidence: [quoteExchange(location.exchange)],
          concerns: who,
        })),
  },
  {
    id: 'endpoint-missing',
    title: 'The metadata lacks an endpoint',
    why: 'Without the authorization endpoint, a client cannot start a sign-in. Without the token endpoint, it cannot get or refresh a token.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['A-08'],
    sentence:
      'authorization_endpoint […] This is REQUIRED unless no grant types are supported that use the authorization endpoint. token_endpoint […] This is REQUIRED unless only the implicit grant type is supported.',
    link: `${pages.serverMetadata}#section-2`,
    change: 'Add the endpoint.',
    check: (evidence) =>
      ownDocuments(evidence).flatMap((location) =>
        ['authorization_endpoint', 'token_endpoint']
          .filter((member) => !isText(location.document?.[member]))
          .filter((member) => member === 'token_endpoint' || !isForProgramsOnly(location))
          .map((member) => ({
            message: `The metadata has no ${member}.`,
            evidence: [quoteMember(location, member)],
          })),
      ),
  },
  {
    id: 'endpoint-not-secure',
    title: 'An endpoint of the authorization server is not served over HTTPS',
    why: 'Codes and tokens would be sent without encryption. It usually comes from a proxy that ends TLS.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['C-06'],
    sentence: 'All authorization server endpoints **MUST** be served over HTTPS.',
    link: `${pages.security}#communication-security`,
    change: 'Publish the https URL. Behind a proxy, configure the public URL of the server.',
    check: (evidence) =>
      ownDocuments(evidence).flatMap((location) =>
        Object.entries(location.document ?? {})
          .filter(([member]) => /_endpoint$|^jwks_uri$/.test(member))
          .filter(([, value]) => isText(value) && !isSecureEndpoint(value))
          .map(([member, value]) => ({
            message: `${member.slice(0, 60)} is ${showRemote(value, 200)} (expected an https URL), so clients do not use it.`,
            evidence: [quoteMember(location, member)],
          })),
      ),
  },
  {
    id: 'response-types-missing',
    title: 'The metadata lists no response types',
    why: 'It is a required member, and clients that validate the document reject all of it.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: [],
    sentence:
      'REQUIRED. JSON array containing a list of the OAuth 2.0 "response_type" values that this authorization server supports.',
    link: `${pages.serverMetadata}#section-2`,
    change:
      'Add "response_types_supported": ["code"]. The MCP SDKs reject the document without it.',
    check: (evidence) =>
      ownDocuments(evidence)
        .filter(({ document }) => !Array.isArray(document?.['response_types_supported']))
        .map((location) => ({
          message: 'response_types_supported is missing or not a list.',
          evidence: [quoteMember(location, 'response_types_supported')],
        })),
  },
  {
    id: 'code-flow-not-supported',
    title: 'The authorization server does not list the authorization code flow',
    why: 'MCP clients sign users in with the authorization code flow only.',
    step,
    concerns,
    keyword: 'BLOCKING',
    requirements: [],
    link: `${pages.serverMetadata}#section-2`,
    change: 'Enable the authorization code flow, and add "code" to response_types_supported.',
    check: (evidence) =>
      ownDocuments(evidence)
        .filter(({ document }) => {
          const types = document?.['response_types_supported']
          return Array.isArray(types) && !types.includes('code')
        })
        .filter((location) => !isForProgramsOnly(location))
        .map((location) => ({
          message: 'response_types_supported does not list "code".',
          evidence: [quoteMember(location, 'response_types_supported')],
        })),
  },
  {
    id: 'no-grant-for-users',
    title: 'Users cannot sign in at the authorization server',
    why: 'A server that issues tokens only to programs with credentials of their own has no page where a user could sign in.',
    step,
    concerns,
    keyword: 'OBSERVED',
    requirements: [],
    link: `${pages.serverMetadata}#section-2`,
    change:
      'If users should sign in, support the authorization code grant and publish authorization_endpoint. Otherwise give clients their own credentials.',
    check: (evidence) =>
      ownDocuments(evidence)
        .filter(isForProgramsOnly)
        .map((location) => ({
          message:
            'grant_types_supported lists no grant that uses an authorization endpoint, so only clients with credentials of their own get tokens.',
          evidence: [quoteMember(location, 'grant_types_supported')],
        })),
  },
]

/** The servers that the check is about: guessed ones have documents of their own origin only. */
export function namedServers(evidence: Evidence): readonly ServerEvidence[] {
  if (evidence.challenged === undefined && evidence.observations.chosenIssuer === undefined)
    return []
  const { chosenIssuer } = evidence.observations
  const named = new Set(
    evidence.resourceDocuments.flatMap(({ document }) =>
      stringsOf(document?.['authorization_servers']),
    ),
  )
  return evidence.servers.filter(({ issuer }) => issuer === chosenIssuer || named.has(issuer))
}

function namesIssuer(document: DocumentEvidence['document'], issuer: string): boolean {
  const named = document?.['issuer']
  return typeof named === 'string' && isSameIssuer(named, issuer)
}

/** The document that clients use of each server. */
function ownDocuments(evidence: Evidence): readonly DocumentEvidence[] {
  return namedServers(evidence).flatMap(({ used, documents, issuer }) => {
    if (used !== undefined) return [used]
    const own = documents.find(
      ({ kind, document }) => kind === 'document' && namesIssuer(document, issuer),
    )
    return own === undefined ? [] : [own]
  })
}

/** Without grants for users, RFC 8414 §2 requires no authorization endpoint. */
function isForProgramsOnly({ document }: DocumentEvidence): boolean {
  // The default of an absent list contains authorization_code.
  const grants = document?.['grant_types_supported']
  if (document?.['authorization_endpoint'] !== undefined || !Array.isArray(grants)) return false
  return (
    grants.length > 0 && !grants.some((one) => one === 'authorization_code' || one === 'implicit')
  )
}

function disagreement({ documents, issuer }: ServerEvidence): readonly Occurrence[] {
  const usable = documents.filter(
    ({ kind, document }) => kind === 'document' && namesIssuer(document, issuer),
  )
  const [first, ...others] = usable
  if (first === undefined) return []
  return others.flatMap((other) => {
    const different = compared.filter(
      (member) =>
        canonicalText(first.document?.[member]) !== canonicalText(other.document?.[member]),
    )
    if (different.length === 0) return []
    return [
      {
        message: `${first.url} and ${other.url} differ in ${different.join(', ')}, so clients act differently.`,
        evidence: different
          .slice(0, 4)
          .flatMap((member) => [quoteMember(first, member), quoteMember(other, member)]),
      },
    ]
  })
}

const compared = [
  'authorization_endpoint',
  'token_endpoint',
  'registration_endpoint',
  'jwks_uri',
  'code_challenge_methods_supported',
  'scopes_supported',
  'grant_types_supported',
  'client_id_metadata_document_supported',
  'authorization_response_iss_parameter_supported',
] as const

function isJsonType({ exchange }: DocumentEvidence): boolean {
  return /^\s*application\/(?:[\w.-]+\+)?json\b/i.test(
    exchange.answer?.headers['content-type'] ?? '',
  )
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
