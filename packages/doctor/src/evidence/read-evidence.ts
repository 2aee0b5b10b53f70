import { parseChallenges, ProtocolError, readBearerChallenge } from '@evergrant/core'
import { parseAuthorizationServerMetadata } from '@evergrant/core/metadata'
import { selectProviderProfile } from '@evergrant/core/providers'
import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import type { Exchange, Observations } from '../observations/observations.ts'
import { isEventStream, readDocuments } from './documents.ts'
import type { Access, DocumentEvidence, Evidence, ServerEvidence } from './evidence.ts'
import { ownDocuments } from './own-documents.ts'
import { replayDiscovery } from './replay.ts'

/** Reads observations. The same observations give the same evidence. */
export async function readEvidence(observations: Observations): Promise<Evidence> {
  const { exchanges } = observations
  const byPurpose = (purpose: Exchange['purpose']): readonly Exchange[] =>
    exchanges.filter((exchange) => exchange.purpose === purpose)
  const [unauthenticated] = byPurpose('unauthenticated-request')
  const [stream] = byPurpose('stream-request')
  const [list] = byPurpose('unauthenticated-tools-list')
  const challenged = [unauthenticated, stream, list].find((one) => one?.answer?.status === 401)
  const header = challenged?.answer?.headers['www-authenticate']
  const challenge = readBearerChallenge(header)
  const resourceExchanges = byPurpose('resource-metadata')
  const resourceDocuments = documentsByPlace(resourceExchanges, 'resource')
  const isDescribed = ownDocuments(resourceDocuments, observations.serverUrl).length > 0
  const access = accessOf(unauthenticated, stream, list, isDescribed)
  const needsDiscovery = access === 'protected' || access === 'partly-protected'
  return {
    observations,
    access,
    first: challenged ?? unauthenticated,
    challenged,
    challenges: parseChallenges(header),
    challenge,
    invalidToken: byPurpose('invalid-token-request')[0],
    resourceDocuments,
    servers: readServers(byPurpose('server-metadata')),
    discovery: needsDiscovery
      ? await replayDiscovery(observations, challenge?.resource_metadata)
      : undefined,
  }
}

function documentsByPlace(
  exchanges: readonly Exchange[],
  member: string,
): readonly DocumentEvidence[] {
  const places = [...new Set(exchanges.map(({ place }) => place))]
  const order = ['challenge', 'path', 'root', 'path-insertion', 'path-appending']
  return places
    .toSorted((a, b) => order.indexOf(a ?? '') - order.indexOf(b ?? ''))
    .flatMap((place) =>
      // Two locations of a server can be at the same place: both kinds of document.
      groupByStart(exchanges.filter((exchange) => exchange.place === place)).flatMap((chain) =>
        readDocuments(chain, member),
      ),
    )
}

/** Splits the exchanges of a place into chains of redirects. */
function groupByStart(exchanges: readonly Exchange[]): readonly (readonly Exchange[])[] {
  const chains: Exchange[][] = []
  for (const exchange of exchanges) {
    const chain = chains.find((one) => leadsTo(one.at(-1), exchange))
    if (chain === undefined) chains.push([exchange])
    else chain.push(exchange)
  }
  return chains
}

function leadsTo(before: Exchange | undefined, after: Exchange): boolean {
  const location = before?.answer?.headers['location']
  const status = before?.answer?.status ?? 0
  return (
    before !== undefined &&
    status >= 300 &&
    status < 400 &&
    location !== undefined &&
    URL.canParse(location, before.url) &&
    new URL(location, before.url).href === after.url
  )
}

function readServers(exchanges: readonly Exchange[]): readonly ServerEvidence[] {
  const issuers = [...new Set(exchanges.map(({ issuer }) => issuer ?? ''))]
  return issuers.map((issuer) => {
    const own = exchanges.filter((exchange) => exchange.issuer === issuer)
    const documents = inClientOrder(documentsByPlace(own, 'issuer'))
    const used = documents.find(({ document }) => usable(document, issuer) !== undefined)
    const metadata = usable(used?.document, issuer)
    return {
      issuer,
      documents,
      ...(used === undefined ? {} : { used }),
      ...(metadata === undefined ? {} : { metadata }),
      profile: selectProviderProfile(metadata?.issuer ?? issuer),
    }
  })
}

/** RFC 8414 before OpenID Connect (C-31). */
function inClientOrder(documents: readonly DocumentEvidence[]): readonly DocumentEvidence[] {
  const rank = ({ url }: DocumentEvidence): number =>
    url.includes('/.well-known/oauth-authorization-server') ? 0 : 1
  return documents.toSorted((a, b) => rank(a) - rank(b))
}

function usable(
  document: Readonly<Record<string, unknown>> | undefined,
  issuer: string,
): AuthorizationServerMetadata | undefined {
  if (document?.['issuer'] === undefined) return undefined
  try {
    return parseAuthorizationServerMetadata(document, issuer).metadata
  } catch (error) {
    if (!ProtocolError.is(error)) throw error
    return undefined
  }
}

function accessOf(
  first: Exchange | undefined,
  stream: Exchange | undefined,
  list: Exchange | undefined,
  isDescribed: boolean,
): Access {
  const answer = first?.answer
  if (answer === undefined) return 'unreachable'
  const { status } = answer
  if (status === 401 || stream?.answer?.status === 401) return 'protected'
  if (list?.answer?.status === 401) return 'partly-protected'
  if (status >= 300 && status < 400) return 'redirected'
  if (status === 429 || status >= 500) return 'failing'
  const hasChallenge = answer.headers['www-authenticate'] !== undefined
  if (status === 403) return hasChallenge || isDescribed ? 'refused' : 'not-mcp'
  if (isMcpAnswer(answer)) return 'open'
  if (isEventStream(stream)) return 'open'
  if (hasChallenge && status >= 400) return 'refused'
  // The metadata of a host says nothing about a path that does not exist, or accepts no POST.
  const isElsewhere = status === 404 || status === 405 || status === 410
  return isDescribed && status >= 400 && !isElsewhere ? 'refused' : 'not-mcp'
}

/** A JSON-RPC message, alone or in a stream. */
function isMcpAnswer(answer: NonNullable<Exchange['answer']>): boolean {
  const { headers, body, status } = answer
  if (/^\s*text\/event-stream/i.test(headers['content-type'] ?? '')) return status < 300
  // The body may be cut off. A page about MCP can quote a message.
  return /^\s*[[{]/.test(body) && /"jsonrpc"\s*:\s*"2\.0"/.test(body)
}
