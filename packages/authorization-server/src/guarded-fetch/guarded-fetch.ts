import dns from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { ReadableStream } from 'node:stream/web'
import { guardLookup, isPublicAddress } from '@evergrant/core/network'
import { AuthorizationServerError } from '../lib/errors.ts'
import { limitedBody } from '../lib/limited-body.ts'

/** Options of {@link createGuardedFetch}. */
export interface GuardedFetchOptions {
  /** Longest exchange, including the body. Default 5,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
  /**
   * Longest time from the start to the headers of the response, including name resolution and TLS.
   * A silent host fails sooner than one that answers slowly. Default 3,000.
   */
  readonly headersTimeoutMilliseconds?: number | undefined
  /** Longest body. A longer one aborts the exchange. Default 5,120. */
  readonly maximumBodyBytes?: number | undefined
  /** Which addresses may be connected to. Default {@link isPublicAddress}. */
  readonly allowAddress?: ((address: string) => boolean) | undefined
  /** Resolves host names. Default `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string | undefined
}

/** Options of one request. */
export interface GuardedFetchInit extends Pick<RequestInit, 'headers' | 'signal'> {
  /** Longest body, instead of the limit that the guarded fetch was created with. */
  readonly maximumBodyBytes?: number | undefined
}

/** The subset of `fetch` that is guarded: a GET of an https URL. */
export type GuardedFetch = (url: string | URL, init?: GuardedFetchInit) => Promise<Response>

/**
 * Creates a `fetch` for URLs that unknown clients supply: Client ID Metadata Documents,
 * `jwks_uri`.
 *
 * The address is checked when the connection is made, so a name that resolves differently the
 * second time (DNS rebinding) does not get past the guard. One refused address among several refuses
 * the name. Redirects are returned, never followed. No cookies, no proxy, no connection reuse.
 *
 * Rejects with {@link AuthorizationServerError} `FETCH_REFUSED` when the guard refuses, and with
 * Node's own error when the network fails.
 *
 * @example
 * ```ts
 * const documents = createClientMetadataDocuments({ fetch: createGuardedFetch(), store })
 * ```
 *
 * @see draft-ietf-oauth-client-id-metadata-document §6
 */
export function createGuardedFetch(options: GuardedFetchOptions = {}): GuardedFetch {
  const allowAddress = options.allowAddress ?? isPublicAddress
  const maximumBodyBytes = options.maximumBodyBytes ?? 5120
  const headersTimeout = options.headersTimeoutMilliseconds ?? 3000
  const lookup = guardedLookup(options.lookup ?? dns.lookup, allowAddress)

  return async (input, init = {}) => {
    const url = new URL(input)
    assertFetchable(url, allowAddress)
    const timeout = AbortSignal.timeout(options.requestTimeoutMilliseconds ?? 5000)
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
    return await new Promise<Response>((resolve, reject) => {
      const exchange = request(url, {
        method: 'GET',
        headers: Object.fromEntries(new Headers(init.headers)),
        lookup,
        signal,
        agent: false,
        ca: options.ca,
      })
      const silence = setTimeout(() => {
        exchange.destroy(new Error(`no response headers within ${headersTimeout} milliseconds`))
      }, headersTimeout)
      exchange.once('close', () => clearTimeout(silence))
      exchange.on('error', reject)
      exchange.on('response', (message) => {
        clearTimeout(silence)
        // A promise, because an error that a listener throws would end the process.
        resolve(responseFrom(message, init.maximumBodyBytes ?? maximumBodyBytes))
      })
      exchange.end()
    })
  }
}

/** Rejects when a `Response` cannot have the status or a header, as with status 999. */
async function responseFrom(message: IncomingMessage, maximumBodyBytes: number): Promise<Response> {
  const status = message.statusCode ?? 0
  try {
    if (status < 200 || status > 599)
      throw new Error(`the status is ${status} (expected 200 to 599)`)
    const headers = new Headers()
    for (const [name, value] of Object.entries(message.headers)) {
      for (const one of [value ?? []].flat()) headers.append(name, one)
    }
    const hasBody = status !== 204 && status !== 205 && status !== 304
    if (!hasBody) message.resume()
    const body = hasBody ? ReadableStream.from(limitedBody(message, maximumBodyBytes)) : null
    return new Response(body, { status, headers })
  } catch (error) {
    message.destroy()
    throw error
  }
}

function assertFetchable(url: URL, allowAddress: (address: string) => boolean): void {
  const refuse = (why: string): never => {
    throw new AuthorizationServerError(
      'FETCH_REFUSED',
      `Refused to fetch from ${JSON.stringify(url.host.slice(0, 100))}: ${why}.`,
    )
  }
  if (url.protocol !== 'https:') refuse('only https URLs are fetched')
  if (url.username !== '' || url.password !== '') refuse('the URL contains credentials')
  // The URL parser has already normalized decimal, octal and hexadecimal IPv4. A literal address is
  // connected to without a lookup, so it is checked here.
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !allowAddress(host)) refuse('the address is not publicly reachable')
}

function guardedLookup(
  lookup: LookupFunction,
  allowAddress: (address: string) => boolean,
): LookupFunction {
  return guardLookup(
    lookup,
    allowAddress,
    (hostname) =>
      new AuthorizationServerError(
        'FETCH_REFUSED',
        `Refused to connect to ${JSON.stringify(hostname.slice(0, 100))}: it resolves to an ` +
          'address that is not publicly reachable.',
      ),
  )
}
