import type {
  AuthorizationServerMetadata,
  MetadataWarning,
  ProtectedResourceMetadata,
  ProtocolErrorCode,
} from '@evergrant/core'
import {
  authorizationServerMetadataUrls,
  canonicalResource,
  parseAuthorizationServerMetadata,
  parseProtectedResourceMetadata,
  parseRetryAfter,
  ProtocolError,
  protectedResourceMetadataUrls,
} from '@evergrant/core'
import type { EvergrantClientErrorCode } from '../lib/errors.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import type { HttpAnswer, HttpOptions } from './http.ts'
import { asUnavailable, excerpt, getDocument, parseJson } from './http.ts'
import { refuseLocalTarget } from './local-targets.ts'

/** Everything that is known about a server before anybody signs in. */
export interface Discovery {
  /** The resource indicator: what the metadata says, else the server's canonical URI. */
  readonly resource: string
  readonly authorizationServer: AuthorizationServerMetadata
  /** Absent for servers of the 2025-03-26 revision, which are their own authorization server. */
  readonly protectedResource: ProtectedResourceMetadata | undefined
  readonly warnings: readonly MetadataWarning[]
}

/** What a discovery starts from. */
export interface DiscoverOptions extends HttpOptions {
  /** `resource_metadata` of the challenge. */
  readonly resourceMetadataUrl?: string | undefined
  /**
   * A `resource` wider than the MCP server's URL, such as `https://host`, that is accepted wherever
   * the metadata lies. Without it, only the origin's own well-known URI may claim one: tokens for it
   * are good at everything below it.
   */
  readonly acceptedResource?: string | undefined
  /**
   * Which of several authorization servers to use. Default: the first one listed.
   */
  readonly chooseAuthorizationServer?:
    | ((issuers: readonly string[]) => string | Promise<string>)
    | undefined
}

/**
 * Finds out which authorization server protects an MCP server, and what both say about
 * themselves.
 *
 * @throws EvergrantClientError
 * - `DISCOVERY_FAILED`: no usable document in any of the places.
 * - `METADATA_MISMATCH`: a document names another resource or issuer.
 * - `RESOURCE_TOO_WIDE`: a document claims more than it may; `acceptedResource` allows it.
 * - `TEMPORARILY_UNAVAILABLE`: no answer, or the server is in trouble; try again.
 * @see RFC 9728 §3 and §5, RFC 8414 §3, OpenID Connect Discovery §4
 */
export async function discover(
  serverUrl: string,
  options: DiscoverOptions = {},
): Promise<Discovery> {
  const found = await discoverProtectedResource(serverUrl, options)
  if (found === undefined) return await discoverWithoutResourceMetadata(serverUrl, options)
  const issuers = found.metadata.authorization_servers
  const issuer = (await options.chooseAuthorizationServer?.(issuers)) ?? issuers[0]
  if (!issuers.includes(issuer)) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `chooseAuthorizationServer returned ${quote(issuer)}, which the MCP server does not name. Return one of ${issuers.map((one) => quote(one)).join(', ')}.`,
    )
  }
  refuseLocalTarget({ who: 'MCP server', url: serverUrl }, issuer, 'authorization server')
  const { metadata, warnings } = await discoverAuthorizationServer(issuer, options)
  return {
    resource: found.metadata.resource,
    authorizationServer: metadata,
    protectedResource: found.metadata,
    warnings: [...found.warnings, ...warnings],
  }
}

/**
 * Finds the protected resource metadata (C-30): where the challenge says, else at the well-known
 * URI with the server's path, else at the root one. `undefined` where there is none.
 */
export async function discoverProtectedResource(
  serverUrl: string,
  options: DiscoverOptions = {},
): Promise<ReturnType<typeof parseProtectedResourceMetadata> | undefined> {
  const locations = protocolCall(() =>
    protectedResourceMetadataUrls(serverUrl, { challengeUrl: options.resourceMetadataUrl }),
  )
  const what = 'The protected resource metadata could not be fetched'
  for (const { url, place } of locations) {
    refuseLocalTarget({ who: 'MCP server', url: serverUrl }, url, 'protected resource metadata')
    const answer = await get(url, what, options)
    // No other place is asked instead: it might name another authorization server.
    if (isInTrouble(answer)) throw inTrouble(what, url, answer)
    const document = readDocument(answer)
    if (document !== undefined) {
      const { acceptedResource } = options
      return protocolCall(() =>
        parseProtectedResourceMetadata(document, serverUrl, { documentUrl: url, acceptedResource }),
      )
    }
    if (place === 'challenge') {
      throw new EvergrantClientError(
        'DISCOVERY_FAILED',
        `The MCP server's challenge names ${url} as its protected resource metadata, and there is no JSON document (${excerpt(answer)}). Ask the operator of the MCP server to fix one or the other.`,
      )
    }
  }
  return undefined
}

/**
 * Finds the metadata of an authorization server (C-31), and takes only a document whose `issuer`
 * is the identifier its URL was made from (C-32), and whose endpoints are not on this machine
 * unless the issuer is.
 */
export async function discoverAuthorizationServer(
  issuer: string,
  options: HttpOptions = {},
): Promise<ReturnType<typeof parseAuthorizationServerMetadata>> {
  const what = 'The authorization server metadata could not be fetched'
  const tried: string[] = []
  let mismatch: EvergrantClientError | undefined
  let trouble: EvergrantClientError | undefined
  for (const { url } of protocolCall(() => authorizationServerMetadataUrls(issuer))) {
    const answer = await get(url, what, options)
    // The next place can be asked all the same: its document has to name the same issuer. Some
    // servers answer with status 500 for paths they do not know.
    if (isInTrouble(answer)) {
      trouble ??= inTrouble(what, url, answer)
      continue
    }
    const document = readDocument(answer)
    if (document === undefined) {
      tried.push(`${url} (${excerpt(answer)})`)
      continue
    }
    try {
      return readServerMetadata(document, issuer)
    } catch (error) {
      if (!EvergrantClientError.is(error)) throw error
      // Another place may hold the right document: some servers answer for a neighbour at one.
      mismatch ??= error
    }
  }
  throw (
    mismatch ??
    trouble ??
    new EvergrantClientError(
      'DISCOVERY_FAILED',
      `The authorization server ${quote(issuer)} has no metadata document. Tried ${tried.join(', ')}. Check the issuer in the MCP server's protected resource metadata.`,
    )
  )
}

/**
 * Servers of the 2025-03-26 revision publish no protected resource metadata: they are their own
 * authorization server, with default endpoints where they publish no metadata at all.
 */
async function discoverWithoutResourceMetadata(
  serverUrl: string,
  options: HttpOptions,
): Promise<Discovery> {
  const { origin } = new URL(serverUrl)
  const resource = protocolCall(() => canonicalResource(serverUrl))
  const shared = { resource, protectedResource: undefined }
  const url = `${origin}/.well-known/oauth-authorization-server`
  const what = 'The authorization server metadata could not be fetched'
  const answer = await get(url, what, options)
  if (isInTrouble(answer)) throw inTrouble(what, url, answer)
  const document = readDocument(answer)
  if (document !== undefined) {
    // Nobody named the issuer. Two identifiers lead to this URL, with and without a slash at the
    // end, so either is the identifier used to build it (C-32).
    const expected = issuerOf(document) === `${origin}/` ? `${origin}/` : origin
    const { metadata, warnings } = readServerMetadata(document, expected)
    return { ...shared, authorizationServer: metadata, warnings }
  }
  return {
    ...shared,
    authorizationServer: {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
      // Demanded of every server by that revision, which has no document to say so.
      code_challenge_methods_supported: ['S256'],
    },
    warnings: [
      {
        code: 'member-ignored',
        requirement: 'S-10',
        message:
          'the MCP server publishes neither protected resource metadata nor authorization server ' +
          'metadata; the default endpoints of the 2025-03-26 revision are used',
      },
    ],
  }
}

async function get(url: string, what: string, options: HttpOptions): Promise<HttpAnswer> {
  try {
    return await getDocument(url, options)
  } catch (error) {
    throw asUnavailable(error, what)
  }
}

/** A server in trouble has not said that there is no document. */
function isInTrouble({ status }: HttpAnswer): boolean {
  return status >= 500 || status === 429
}

function inTrouble(what: string, url: string, answer: HttpAnswer): EvergrantClientError {
  return new EvergrantClientError(
    'TEMPORARILY_UNAVAILABLE',
    `${what}: ${url} answered with status ${answer.status}. Try again later; nothing was lost.`,
    { retryAfterSeconds: parseRetryAfter(answer.headers.get('retry-after')) },
  )
}

function readServerMetadata(
  document: object,
  issuer: string,
): ReturnType<typeof parseAuthorizationServerMetadata> {
  const reading = protocolCall(() => parseAuthorizationServerMetadata(document, issuer))
  for (const [member, value] of Object.entries(reading.metadata)) {
    if (!member.endsWith('_endpoint') || typeof value !== 'string') continue
    refuseLocalTarget({ who: 'authorization server', url: issuer }, value, member)
  }
  return reading
}

/** The document, or `undefined` for everything that is none: HTML with status 200, for one. */
function readDocument(answer: HttpAnswer): object | undefined {
  if (answer.status !== 200) return undefined
  const document = parseJson(answer.text)
  return typeof document === 'object' && document !== null ? document : undefined
}

function issuerOf(document: object): string | undefined {
  return 'issuer' in document && typeof document.issuer === 'string' ? document.issuer : undefined
}

const codes: Partial<Record<ProtocolErrorCode, EvergrantClientErrorCode>> = {
  ISSUER_MISMATCH: 'METADATA_MISMATCH',
  RESOURCE_MISMATCH: 'METADATA_MISMATCH',
  RESOURCE_TOO_WIDE: 'RESOURCE_TOO_WIDE',
}

/** Runs a rule of `core` and gives its errors this package's codes. */
function protocolCall<Value>(call: () => Value): Value {
  try {
    return call()
  } catch (error) {
    if (!ProtocolError.is(error)) throw error
    throw new EvergrantClientError(codes[error.code] ?? 'DISCOVERY_FAILED', error.message, {
      cause: error,
    })
  }
}
