import { showRemote } from '@evergrant/core'
import { isNonRoutableHost } from '@evergrant/core/network'
import type { DocumentEvidence, Evidence } from '../evidence/evidence.ts'
import { ownDocuments } from '../evidence/own-documents.ts'
import { canonicalText, stringsOf } from '../lib/json.ts'
import { quoteHeader, quoteLocation, quoteMember } from './quotes.ts'
import { pages } from './rule.ts'
import type { Occurrence, Rule } from './rule.ts'

const step = 'resource-metadata'
const concerns = 'mcp-server'

/** Rules about the protected resource metadata: where it is. */
export const resourceMetadataRules: readonly Rule[] = [
  {
    id: 'resource-metadata-missing',
    title: 'The MCP server has no protected resource metadata',
    why: 'Clients guess that the MCP server is its own authorization server, as in the first revision of the specification. At most servers the guess is wrong.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['S-10', 'C-30'],
    sentence:
      'MCP servers **MUST** implement the OAuth 2.0 Protected Resource Metadata (RFC9728) specification to indicate the locations of authorization servers.',
    link: `${pages.discovery}#authorization-server-location`,
    change:
      'Publish the metadata at the well-known URI, and name it in the challenge as resource_metadata.',
    check: (evidence) => {
      const { challenged, resourceDocuments, challenge } = evidence
      if (challenged === undefined || resourceDocuments.length === 0) return []
      if (resourceDocuments.some(({ kind }) => ['document', 'failing', 'too-large'].includes(kind)))
        return []
      // Another rule reports a URL of the challenge that does not work.
      if (challenge?.resource_metadata !== undefined) return []
      if (resourceDocuments.some(hasServersOnly)) return []
      return [
        {
          message:
            'No location that clients try has the metadata, so they can only guess the authorization server: at the origin of the MCP server.',
          evidence: resourceDocuments.map(quoteLocation),
        },
      ]
    },
  },
  {
    id: 'challenge-metadata-url-broken',
    title: 'The metadata URL of the challenge has no metadata',
    why: 'Strict clients stop at the URL of the challenge and do not look elsewhere.',
    step,
    concerns,
    keyword: 'MUST',
    requirements: ['S-10', 'C-30'],
    sentence:
      'MCP clients **MUST** support both discovery mechanisms and use the resource metadata URL from the parsed `WWW-Authenticate` headers when present',
    link: `${pages.discovery}#protected-resource-metadata-discovery-requirements`,
    change: 'Serve the metadata at this URL, or correct resource_metadata in the challenge.',
    check: ({ challenge, challenged, resourceDocuments }) => {
      const named = resourceDocuments.find(({ exchange }) => exchange.place === 'challenge')
      if (challenge?.resource_metadata === undefined || challenged === undefined) return []
      if (named === undefined || ['document', 'failing', 'too-large'].includes(named.kind))
        return []
      if (hasServersOnly(named)) return []
      return [
        {
          message: `${showRemote(named.url, 200)} is where the challenge says the metadata is, and no metadata is there.`,
          evidence: [quoteHeader(challenged, 'www-authenticate'), quoteLocation(named)],
        },
      ]
    },
  },
  {
    id: 'resource-metadata-failing',
    title: 'The protected resource metadata cannot be fetched',
    why: 'A failure is not the same as a missing document: clients wait and try again, so the sign-in takes long or never starts.',
    step,
    concerns,
    keyword: 'BLOCKING',
    requirements: ['S-10'],
    link: `${pages.discovery}#authorization-server-location`,
    change: 'Serve the metadata without authentication, and find out why the request fails.',
    check: ({ challenged, resourceDocuments }) => {
      const usable = resourceDocuments.some(({ kind }) => kind === 'document')
      const failing = resourceDocuments.filter(
        ({ kind, exchange }) => kind === 'failing' && exchange.failure?.reason !== 'tls',
      )
      if (challenged === undefined || usable || failing.length === 0) return []
      return [
        {
          message:
            'A location of the metadata fails, and no other has a document. Clients stop and try again later.',
          evidence: failing.map(quoteLocation),
        },
      ]
    },
  },
  {
    id: 'resource-metadata-only-in-challenge',
    title: 'The metadata is not at a well-known URI',
    why: 'A page in a browser often cannot read the challenge, and some clients look at the well-known URI first.',
    step,
    concerns,
    keyword: 'OBSERVED',
    requirements: ['C-30'],
    link: `${pages.discovery}#protected-resource-metadata-discovery-requirements`,
    change:
      'Also serve the document at the well-known URI: pages in browsers often cannot read the challenge.',
    check: ({ resourceDocuments, challenged }) => {
      const named = resourceDocuments.find(({ exchange }) => exchange.place === 'challenge')
      const others = resourceDocuments.filter((location) => location !== named)
      if (challenged === undefined || named?.kind !== 'document' || others.length === 0) return []
      // The challenge often names the well-known URI itself, which is then listed once.
      if (isWellKnown(named.url)) return []
      if (others.some(({ kind }) => kind !== 'missing')) return []
      return [
        {
          message: `Only ${showRemote(named.url, 200)}, which the challenge names, has the metadata.`,
          evidence: others.map(quoteLocation),
        },
      ]
    },
  },
  {
    id: 'resource-metadata-location-html',
    title: 'A well-known URI of the MCP server answers with a page',
    why: 'Single-page applications answer every path with status 200 and their page. Clients that parse it as JSON fail with a message that does not help.',
    step,
    concerns,
    keyword: 'OBSERVED',
    requirements: ['C-30'],
    link: `${pages.resourceMetadata}#section-3.2`,
    change: 'Answer with status 404 where there is no document, also in single-page applications.',
    check: ({ challenged, resourceDocuments }) =>
      challenged === undefined
        ? []
        : resourceDocuments
            .filter(({ kind, exchange }) => kind === 'html' && exchange.place !== 'challenge')
            .map((location) => ({
              message: `${location.url} answers with status 200 and an HTML page. Some clients try to parse it and fail.`,
              evidence: [quoteLocation(location)],
            })),
  },
  {
    id: 'resource-metadata-redirects',
    title: 'A location of the protected resource metadata redirects',
    why: 'A redirect could lead to a document that someone else controls, so careful clients do not follow it and find nothing.',
    step,
    concerns,
    keyword: 'OBSERVED',
    requirements: ['C-30'],
    link: `${pages.resourceMetadata}#section-3.2`,
    change: 'Serve the document at the URL itself.',
    check: ({ resourceDocuments }) =>
      resourceDocuments
        .filter(({ kind, exchange }) => kind === 'redirect' && exchange.place !== 'challenge')
        .map((location) => ({
          message: `${location.url} ${redirectsElsewhere(location) ? 'redirects to another origin' : 'redirects and never answers'}. Careful clients do not follow that.`,
          evidence: [quoteLocation(location)],
        })),
  },
  {
    id: 'resource-metadata-disagree',
    title: 'The locations of the protected resource metadata disagree',
    why: 'Which document a client reads depends on the client, so a sign-in can work in one client and fail in another.',
    step,
    concerns,
    keyword: 'OBSERVED',
    requirements: ['C-30'],
    link: `${pages.discovery}#protected-resource-metadata-discovery-requirements`,
    change: 'Serve the same document everywhere.',
    check: ({ resourceDocuments }) => disagreements(resourceDocuments),
  },
  {
    id: 'names-local-address',
    title: 'A public server names an address on this machine',
    why: 'Every client would contact its own machine, where another program may listen. Careful clients refuse, others time out.',
    step,
    concerns,
    keyword: 'BLOCKING',
    requirements: [],
    link: 'https://www.rfc-editor.org/rfc/rfc9728#section-7.7',
    change:
      'Configure the public URL of the server: the document contains the one of a developer’s machine.',
    check: localAddresses,
  },
]

/** A document that a client skips because it does not name its resource. */
export function hasServersOnly({ document }: DocumentEvidence): boolean {
  return document?.['resource'] === undefined && document?.['authorization_servers'] !== undefined
}

function redirectsElsewhere({ exchange: { url, answer } }: DocumentEvidence): boolean {
  const target = answer?.headers['location']
  return (
    target !== undefined &&
    URL.canParse(target, url) &&
    new URL(target, url).origin !== new URL(url).origin
  )
}

function isWellKnown(url: string): boolean {
  return (
    URL.canParse(url) && new URL(url).pathname.startsWith('/.well-known/oauth-protected-resource')
  )
}

/** Two documents for the same resource with different members that clients use. */
function disagreements(documents: readonly DocumentEvidence[]): readonly Occurrence[] {
  const usable = documents.filter(({ kind }) => kind === 'document')
  const [first, ...others] = usable
  if (first === undefined) return []
  const differing = others.filter(
    ({ document }) =>
      document?.['resource'] === first.document?.['resource'] &&
      members.some(
        (member) => canonicalText(document?.[member]) !== canonicalText(first.document?.[member]),
      ),
  )
  return differing.map((other) => {
    const different = members.filter(
      (member) =>
        canonicalText(other.document?.[member]) !== canonicalText(first.document?.[member]),
    )
    return {
      message: `${first.url} and ${other.url} differ in ${different.join(' and ')}, so clients act differently.`,
      evidence: different.flatMap((member) => [
        quoteMember(first, member),
        quoteMember(other, member),
      ]),
    }
  })
}

const members = ['authorization_servers', 'scopes_supported'] as const

function localAddresses({
  observations,
  challenge,
  challenged,
  resourceDocuments,
  servers,
}: Evidence): readonly Occurrence[] {
  if (isLocal(observations.serverUrl)) return []
  const found: Occurrence[] = []
  if (
    challenge?.resource_metadata !== undefined &&
    isLocal(challenge.resource_metadata) &&
    challenged !== undefined
  ) {
    found.push(
      local(challenge.resource_metadata, 'resource_metadata of the challenge', [
        quoteHeader(challenged, 'www-authenticate'),
      ]),
    )
  }
  for (const location of ownDocuments(resourceDocuments, observations.serverUrl).slice(0, 1)) {
    for (const issuer of stringsOf(location.document?.['authorization_servers']).filter(isLocal)) {
      found.push(
        local(issuer, 'authorization_servers', [quoteMember(location, 'authorization_servers')]),
      )
    }
    const resource = location.document?.['resource']
    if (typeof resource === 'string' && isLocal(resource)) {
      found.push(local(resource, 'resource', [quoteMember(location, 'resource')]))
    }
  }
  for (const { used } of servers.filter(({ issuer }) => !isLocal(issuer))) {
    for (const [member, value] of Object.entries(used?.document ?? {})) {
      if (!/_endpoint$|^jwks_uri$/.test(member) || typeof value !== 'string' || !isLocal(value))
        continue
      found.push({
        ...local(value, member, used === undefined ? [] : [quoteMember(used, member)]),
        concerns: 'authorization-server',
      })
    }
  }
  return found
}

function local(url: string, what: string, evidence: Occurrence['evidence']): Occurrence {
  return {
    message: `${what} is ${showRemote(url, 200)}, which each client would look for on its own machine. Clients refuse it.`,
    evidence,
  }
}

function isLocal(url: string): boolean {
  return URL.canParse(url) && isNonRoutableHost(new URL(url).hostname)
}
