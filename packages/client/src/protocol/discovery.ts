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
import type { Assumption } from '../lib/assumption.ts'
import type { EvergrantClientErrorCode } from '../lib/errors.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import type { HttpAnswer, HttpOptions } from './http.ts'
import { asUnavailable, excerpt, getDocument, parseJson } from './http.ts'
import { refuseLocalTarget } from './local-targets.ts'

/** What is known about a server before the user signs in. */
export interface Discovery {
  /** The resource indicator: from the metadata, otherwise the canonical URI of the server. */
  readonly resource: string
  readonly authorizationServer: AuthorizationServerMetadata
  /** Absent for servers of the 2025-03-26 revision, which are also the authorization server. */
  readonly protectedResource: ProtectedResourceMetadata | undefined
  readonly warnings: readonly MetadataWarning[]
  /** What no server declared and the client relies on. */
  readonly assumptions: readonly Assumption[]
}

/** Options of {@link discover}. */
export interface DiscoverOptions extends HttpOptions {
  /** `resource_metadata` of the challenge. */
  readonly resourceMetadataUrl?: string | undefined
  /**
   * A `resource` that covers more than the URL of the MCP server, such as `https://host`, and that is
   * accepted wherever the metadata is published. Without it, only the well-known URI of the origin
   * may claim one, because its tokens are valid for everything below it.
   */
  readonly acceptedResource?: string | undefined
  /**
   * Chooses one of several authorization servers. Default: the first one listed.
   */
  readonly chooseAuthorizationServer?:
    | ((issuers: readonly string[]) => string | Promise<string>)
    | undefined
}

/**
 * Finds the authorization server that protects an MCP server, and the metadata of both.
 *
 * @throws EvergrantClientError
 * - `DISCOVERY_FAILED`: no usable document at any URL.
 * - `METADATA_MISMATCH`: a document names another resource or issuer.
 * - `RESOURCE_TOO_WIDE`: a document claims too wide a resource; `acceptedResource` allows it.
 * - `TEMPORARILY_UNAVAILABLE`: the server does not answer or fails; try again.
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
      `chooseAuthorizationServer returned ${quote(issuer)} (expected one of ${issuers.map((one) => quote(one)).join(', ')}, which the MCP server names). Return one of them.`,
    )
  }
  refuseLocalTarget({ who: 'MCP server', url: serverUrl }, issuer, 'authorization server')
  const { metadata, warnings } = await discoverAuthorizationServer(issuer, options)
  return {
    resource: found.metadata.resource,
    authorizationServer: metadata,
    protectedResource: found.metadata,
    warnings: [...found.warnings, ...warnings],
    assumptions: [],
  }
}

/**
 * Finds the protected resource metadata (C-30): at the URL of the challenge, otherwise at the
 * well-known URI with the path of the server, otherwise at the one of the origin.
 *
 * @returns `undefined` if no metadata exists.
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
    // Do not try another URL: its document might name another authorization server.
    if (isFailing(answer)) throw failing(what, url, answer)
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
        `The protected resource metadata at ${url}, which the challenge of the MCP server names, is not a JSON document (${excerpt(answer)}). Ask the operator of the MCP server to correct the challenge or the document.`,
      )
    }
  }
  return undefined
}

/**
 * Finds the metadata of an authorization server (C-31). It accepts only a document whose `issuer` is
 * the identifier that its URL was made from (C-32), and whose endpoints are not on this machine
 * unless the issuer is.
 */
export async function discoverAuthorizationServer(
  issuer: string,
  options: HttpOptions = {},
): Promise<ReturnType<typeof parseAuthorizationServerMetadata>> {
  const what = 'The authorization server metadata could not be fetched'
  const tried: string[] = []
  let mismatch: EvergrantClientError | undefined
  let failure: EvergrantClientError | undefined
  for (const { url } of protocolCall(() => authorizationServerMetadataUrls(issuer))) {
    const answer = await get(url, what, options)
    // Trying the next URL is safe: its document must name the same issuer. Some servers answer
    // unknown paths with status 500.
    if (isFailing(answer)) {
      failure ??= failing(what, url, answer)
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
      // Another URL may have the right document: some servers return that of another issuer here.
      mismatch ??= error
    }
  }
  throw (
    mismatch ??
    failure ??
    new EvergrantClientError(
      'DISCOVERY_FAILED',
      `The authorization server ${quote(issuer)} has no metadata document: tried ${tried.join(', ')}. Check the issuer in the protected resource metadata of the MCP server.`,
    )
  )
}

/**
 * Servers of the 2025-03-26 revision publish no protected resource metadata. They are also the
 * authorization server, and have default endpoints if they publish no metadata at all.
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
  if (isFailing(answer)) throw failing(what, url, answer)
  const document = readDocument(answer)
  if (document !== undefined) {
    // No document named the issuer. Two identifiers lead to this URL, with and without a slash at
    // the end, so either one is valid (C-32).
    const expected = issuerOf(document) === `${origin}/` ? `${origin}/` : origin
    const { metadata, warnings } = readServerMetadata(document, expected)
    return { ...shared, authorizationServer: metadata, warnings, assumptions: [] }
  }
  return {
    ...shared,
    authorizationServer: {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
      // That revision requires PKCE of every server, and has no document that declares it.
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
    assumptions: [
      {
        code: 'endpoints-guessed',
        message: `The endpoints of ${origin} were guessed, because neither ${serverUrl} nor its origin publishes metadata.`,
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

/** A failing server has not said that the document does not exist. */
function isFailing({ status }: HttpAnswer): boolean {
  return status >= 500 || status === 429
}

function failing(what: string, url: string, answer: HttpAnswer): EvergrantClientError {
  return new EvergrantClientError(
    'TEMPORARILY_UNAVAILABLE',
    `${what}: ${url} answered with status ${answer.status}. Try again later.`,
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

/** The JSON document of an answer, or `undefined` for anything else, such as HTML. */
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

/** Calls a rule of `core`, and translates its errors to the codes of this package. */
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
