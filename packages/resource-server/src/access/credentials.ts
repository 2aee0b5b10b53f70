/** The relevant parts of a request, independent of the framework. */
export interface AccessRequest {
  /**
   * The `Authorization` header lines: one string per line, or all of them joined by commas. Pass all
   * lines, because two are refused. In Node.js, `request.headers` contains only the first line, and
   * `request.headersDistinct` contains all.
   */
  readonly authorization: string | readonly string[] | null | undefined
  /** The request target, absolute or from the root. */
  readonly url: string
  /** Required for tokens that are bound to a key, and compared with their proof. */
  readonly method?: string | undefined
  /** The `DPoP` header lines, like `authorization`. Required for tokens that are bound to a key. */
  readonly dpop?: string | readonly string[] | null | undefined
}

/** The authentication schemes of access tokens. */
export type TokenScheme = 'Bearer' | 'DPoP'

/** The credentials of a request, before the token is verified. */
export type Credentials =
  | { readonly kind: 'token'; readonly scheme: TokenScheme; readonly token: string }
  | { readonly kind: 'none' | 'other-scheme' }
  | { readonly kind: 'several' | 'in-query' | 'malformed' }

/** Node.js limits all headers of a request to 16,384 characters. Other servers may not. */
const maximumTokenLength = 65_536

// Several field lines that were joined (RFC 9110 §5.3). A token has no comma.
const joined = /,\s*(?:bearer|dpop)(?: |$)/i
const schemes = /^(?:(bearer)|dpop)(?: |$)/i
// RFC 6750 §2.1, RFC 9449 §7.1: b64token or token68, which are the same.
const tokenText = /^[a-z0-9\-._~+/]+=*$/i

/**
 * Finds the one access token of a request.
 *
 * A token in the query string is refused even if the header is valid, because the URL is already in
 * logs and histories (S-15).
 */
export function readCredentials(request: AccessRequest): Credentials {
  const lines = headerLines(request.authorization)
  const inQuery = queryOf(request.url)?.has('access_token') === true
  if (lines.length > 1 || (inQuery && lines.length > 0)) return { kind: 'several' }
  if (inQuery) return { kind: 'in-query' }
  const line = withoutOuterSpace(lines[0] ?? '')
  if (line === '') return { kind: 'none' }
  if (line.includes(',') && joined.test(line)) return { kind: 'several' }
  const scheme = schemeOf(line)
  if (scheme === undefined) return { kind: 'other-scheme' }
  // RFC 9110 §11.4 allows more spaces than one.
  let start = scheme.length
  while (line.charCodeAt(start) === 0x20) start += 1
  const token = line.slice(start)
  if (token === '' || token.length > maximumTokenLength) return { kind: 'malformed' }
  return { kind: 'token', scheme, token }
}

/** Removes spaces and tabs (RFC 9110 §5.6.3). `trim` removes more: a token must not begin with U+00A0. */
function withoutOuterSpace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text, start)) start += 1
  while (end > start && isSpace(text, end - 1)) end -= 1
  return text.slice(start, end)
}

function isSpace(text: string, index: number): boolean {
  const code = text.charCodeAt(index)
  return code === 0x20 || code === 0x09
}

function schemeOf(line: string): TokenScheme | undefined {
  const found = schemes.exec(line)
  if (found === null) return undefined
  return found[1] === undefined ? 'DPoP' : 'Bearer'
}

/** Whether a token can occur in a header. A token that is remembered has passed this check. */
export function isTokenText(token: string): boolean {
  return tokenText.test(token)
}

/** The lines of a header. `undefined` and `null` have none. */
export function headerLines(
  value: string | readonly string[] | null | undefined,
): readonly string[] {
  if (value === undefined || value === null) return []
  return typeof value === 'string' ? [value] : value
}

function queryOf(url: string): URLSearchParams | undefined {
  const start = url.indexOf('?')
  if (start === -1) return undefined
  return new URLSearchParams(url.slice(start + 1).split('#', 1)[0])
}
