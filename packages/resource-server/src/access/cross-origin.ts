import { showRemote } from '@evergrant/core'
import { ResourceServerError } from '../lib/errors.ts'

/**
 * The origins of pages whose scripts may use this resource: serialized origins such as
 * `https://inspector.example.com`, or a function of one.
 */
export type AllowedOrigins = readonly string[] | ((origin: string) => boolean)

/** The parts of a request that the Fetch standard's CORS protocol uses. */
export interface CrossOriginRequest {
  readonly method: string
  /** `Origin` */
  readonly origin: string | null | undefined
  /** `Access-Control-Request-Method` */
  readonly requestMethod: string | null | undefined
  /** `Access-Control-Request-Headers` */
  readonly requestHeaders: string | null | undefined
}

/** What a browser is allowed to do with a response (S-16). */
export interface CrossOriginDecision {
  /**
   * - `no-origin`: not a browser's cross-origin request.
   * - `preflight`: answer 204 with the headers, without a token and without the handler.
   * - `admitted`: add the headers to the response, whatever its status is.
   * - `foreign`: the origin is not admitted. The browser keeps the response from the page.
   */
  readonly kind: 'no-origin' | 'preflight' | 'admitted' | 'foreign'
  /** Headers of the response, in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Response headers that a client reads: without the first, a page sees the status 401 but not where to
 * sign in.
 */
const exposedHeaders =
  'WWW-Authenticate, DPoP-Nonce, Retry-After, Mcp-Session-Id, MCP-Protocol-Version'
/** For a preflight without a list. `*` does not include `Authorization` (Fetch standard). */
const usualHeaders =
  'Authorization, DPoP, Content-Type, Accept, Last-Event-ID, Mcp-Session-Id, MCP-Protocol-Version'

const token = "[\\w!#$%&'*+.^`|~-]+"
const oneToken = new RegExp(`^${token}$`)
const tokenList = new RegExp(`^ *${token}(?: *, *${token})* *$`)

/**
 * Decides which CORS headers a response needs. Pure.
 *
 * The requested method and headers are allowed unchanged, because they grant nothing: every request
 * still needs a token in `Authorization`, which a browser never adds on its own. Cookies are never
 * allowed.
 *
 * @param allowedOrigins - `undefined` if the resource is not for browsers: no response has CORS headers.
 * @see Fetch standard, section 3.2 (CORS protocol)
 */
export function decideCrossOrigin(
  allowedOrigins: AllowedOrigins | undefined,
  request: CrossOriginRequest,
): CrossOriginDecision {
  if (allowedOrigins === undefined) {
    return { kind: isPresent(request.origin) ? 'foreign' : 'no-origin', headers: {} }
  }
  // A cache must not serve one origin's response to another, nor to a request without an origin.
  if (!isPresent(request.origin)) return { kind: 'no-origin', headers: { vary: 'Origin' } }
  const { origin } = request
  if (!isAllowed(allowedOrigins, origin)) return { kind: 'foreign', headers: { vary: 'Origin' } }
  if (request.method !== 'OPTIONS' || !isPresent(request.requestMethod)) {
    const headers = {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': exposedHeaders,
      vary: 'Origin',
    }
    return { kind: 'admitted', headers }
  }
  const { requestMethod, requestHeaders } = request
  const headers = {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': oneToken.test(requestMethod)
      ? requestMethod
      : 'GET, POST, DELETE',
    'access-control-allow-headers':
      isPresent(requestHeaders) && tokenList.test(requestHeaders) ? requestHeaders : usualHeaders,
    'access-control-max-age': '600',
    vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  }
  return { kind: 'preflight', headers }
}

/**
 * Checks a list of allowed origins. `createResourceServer` does it for its option.
 *
 * @throws {ResourceServerError} `OPTION_INVALID` for an entry that no browser sends.
 */
export function assertAllowedOrigins(allowedOrigins: AllowedOrigins | undefined): void {
  if (allowedOrigins === undefined || typeof allowedOrigins === 'function') return
  for (const entry of allowedOrigins) {
    const origin = serializedOrigin(entry)
    if (origin === entry) continue
    const hint = origin === undefined ? 'Write scheme, host and port' : `Write ${origin}`
    throw new ResourceServerError(
      'OPTION_INVALID',
      `The option allowedOrigins contains ${showRemote(entry)} (expected an origin as browsers send ` +
        `it, such as "https://inspector.example.com", without path). ${hint}, or pass a function.`,
    )
  }
}

/** The origin that a browser sends for a page at this URL. */
function serializedOrigin(value: string): string | undefined {
  const url = URL.parse(value)
  if (url === null) return undefined
  if (url.origin !== 'null') return url.origin
  // `URL` does not know the origins of browser extensions.
  return url.protocol.endsWith('-extension:') ? `${url.protocol}//${url.host}` : undefined
}

function isAllowed(allowedOrigins: AllowedOrigins, origin: string): boolean {
  return typeof allowedOrigins === 'function'
    ? allowedOrigins(origin)
    : allowedOrigins.includes(origin)
}

function isPresent(value: string | null | undefined): value is string {
  return value !== undefined && value !== null && value !== ''
}
