import { readBearerChallenge } from '@evergrant/core'
import { isNonRoutableHost } from '@evergrant/core/network'
import { limits } from '../observations/limits.ts'
import type { CertificateFacts, Exchange, Observations } from '../observations/observations.ts'
import { documentOf, stringsOf } from '../lib/json.ts'
import { removeSecrets } from '../observations/remove-secrets.ts'
import { probeBrowser } from './browser.ts'
import { probeMcpServer } from './mcp-server.ts'
import { getDocument, probeResourceMetadata, probeServerMetadata } from './metadata.ts'
import type { ProbeContext } from './probe-context.ts'

/** How a deployment is observed. */
export interface ProbeOptions {
  /** An authorization server to check instead of the ones that the MCP server names. */
  readonly issuer?: string | undefined
  /** The origin of the page whose access is checked. Default `https://mcp-client.example`. */
  readonly pageOrigin?: string | undefined
  /** Default: the `fetch` of the runtime. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Default: the clock of this machine. */
  readonly clock?: { nowEpochSeconds(): number } | undefined
  /** The longest that a request may take. Default 10,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
  /** Reads the certificate of an https server. Default: certificates are not read. */
  readonly readCertificate?: ((origin: string) => Promise<CertificateFacts | undefined>) | undefined
  readonly signal?: AbortSignal | undefined
}

const defaultPageOrigin = 'https://mcp-client.example'

/** Observes a deployment over HTTP. It signs in nowhere, and changes nothing. */
export async function probe(serverUrl: string, options: ProbeOptions = {}): Promise<Observations> {
  const clock = options.clock ?? { nowEpochSeconds: () => Date.now() / 1000 }
  const exchanges: Exchange[] = []
  const nowMilliseconds = (): number => clock.nowEpochSeconds() * 1000
  const startedAtMilliseconds = nowMilliseconds()
  const context: ProbeContext = {
    fetch: options.fetch ?? globalThis.fetch,
    nowMilliseconds,
    startedAtMilliseconds,
    requestTimeoutMilliseconds: options.requestTimeoutMilliseconds ?? limits.requestMilliseconds,
    signal: options.signal,
    record(exchange) {
      if (exchanges.length < limits.exchanges) exchanges.push(exchange)
    },
  }
  const pageOrigin = options.pageOrigin ?? defaultPageOrigin
  const certificates = await probeAll(serverUrl, { ...options, pageOrigin }, context)
  return removeSecrets({
    version: 1,
    serverUrl,
    ...(options.issuer === undefined ? {} : { chosenIssuer: options.issuer }),
    observedAtEpochSeconds: Math.floor(startedAtMilliseconds / 1000),
    pageOrigin,
    exchanges: exchanges.toSorted((a, b) => a.startMilliseconds - b.startMilliseconds),
    certificates,
  })
}

async function probeAll(
  serverUrl: string,
  {
    issuer: chosenIssuer,
    pageOrigin,
    readCertificate,
  }: ProbeOptions & { readonly pageOrigin: string },
  context: ProbeContext,
): Promise<readonly CertificateFacts[]> {
  const { challenged, isReachable } = await probeMcpServer(serverUrl, context)
  if (!isReachable) return []
  const mayVisit = visitRule(serverUrl)
  const named = challengeUrl(challenged)
  const resource = await probeResourceMetadata(
    serverUrl,
    named !== undefined && mayVisit(named) ? named : undefined,
    context,
  )
  const listed = issuersOf(resource)
  const guessed = challenged === undefined ? [] : [new URL(serverUrl).origin]
  const issuers = chosenIssuer !== undefined ? [chosenIssuer] : listed.length > 0 ? listed : guessed
  const visited = issuers
    .filter((issuer) => issuer === chosenIssuer || mayVisit(issuer))
    .slice(0, limits.authorizationServers)
  const server = (
    await Promise.all(visited.map((issuer) => probeServerMetadata(issuer, context)))
  ).flat()
  const keySets = memberUrls(server, ['jwks_uri']).filter(({ url }) => mayVisit(url))
  const endpoints = memberUrls(server, ['token_endpoint', 'registration_endpoint'])
  const origins = [
    serverUrl,
    ...server.filter(({ answer }) => answer !== undefined).map(({ url }) => url),
  ].map((url) => new URL(url).origin)
  const [certificates] = await Promise.all([
    certificatesOf(origins, readCertificate),
    Promise.all(
      keySets.map(({ url, issuer }) => getDocument({ purpose: 'key-set', url, issuer }, context)),
    ),
    challenged === undefined
      ? undefined
      : probeBrowser(
          {
            serverUrl,
            documents: [
              ...new Set([...resource, ...server].filter(isDocument).map(({ url }) => url)),
            ],
            endpoints: endpoints.filter(({ url }) => mayVisit(url)),
            formEndpoints: memberUrls(server, ['token_endpoint']).filter(({ url }) =>
              mayVisit(url),
            ),
          },
          pageOrigin,
          context,
        ),
  ])
  return certificates
}

/**
 * A remote server must not direct requests to this machine or its local link, nor from https to
 * http. The rules report such a URL; it is never visited.
 */
function visitRule(serverUrl: string): (url: string) => boolean {
  const { hostname: ownHost, protocol: ownProtocol } = new URL(serverUrl)
  const isLocal = isNonRoutableHost(ownHost)
  return (url) => {
    if (!URL.canParse(url) || url.length > limits.urlCharacters) return false
    const { protocol, hostname } = new URL(url)
    if (isLocal) return /^https?:$/.test(protocol)
    // A name can resolve to an internal address. There, TLS does not authenticate it.
    const isAllowed = protocol === 'https:' || (protocol === 'http:' && ownProtocol === 'http:')
    return isAllowed && !isNonRoutableHost(hostname)
  }
}

function challengeUrl(challenged: Exchange | undefined): string | undefined {
  return readBearerChallenge(challenged?.answer?.headers['www-authenticate'])?.resource_metadata
}

function isDocument({ answer }: Exchange): boolean {
  return answer?.status === 200 && documentOf(answer.body) !== undefined
}

function issuersOf(exchanges: readonly Exchange[]): readonly string[] {
  const issuers = exchanges
    .filter(isDocument)
    .flatMap(({ answer }) => stringsOf(documentOf(answer?.body ?? '')?.['authorization_servers']))
  return [...new Set(issuers)]
}

function memberUrls(
  exchanges: readonly Exchange[],
  members: readonly string[],
): readonly { readonly url: string; readonly issuer: string }[] {
  const found = new Map<string, string>()
  for (const { answer, issuer } of exchanges.filter(isDocument)) {
    const document = documentOf(answer?.body ?? '')
    for (const member of members) {
      const url = document?.[member]
      if (typeof url === 'string' && !found.has(url)) found.set(url, issuer ?? '')
    }
  }
  return Array.from(found, ([url, issuer]) => ({ url, issuer })).slice(0, 8)
}

async function certificatesOf(
  origins: readonly string[],
  read: ProbeOptions['readCertificate'],
): Promise<readonly CertificateFacts[]> {
  if (read === undefined) return []
  const secure = [...new Set(origins)].filter((origin) => origin.startsWith('https:'))
  const facts = await Promise.all(secure.map((origin) => read(origin)))
  return facts.filter((one) => one !== undefined)
}
