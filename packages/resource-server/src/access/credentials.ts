/** The relevant parts of a request, independent of the framework. */
export interface AccessRequest {
  /**
   * The `Authorization` header lines: one string per line, or all of them joined by commas. Pass all
   * lines, because two are refused. In Node.js, `request.headers` contains only the first line, and
   * `request.headersDistinct` contains all.
   */
  readonly authorization: string | readonly string[] | null | undefined
  /** The request target, absolute or from the root. Only its query is read. */
  readonly url: string
}

/** The credentials of a request, before the token is verified. */
export type Credentials =
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'none' | 'other-scheme' }
  | { readonly kind: 'several' | 'in-query' | 'malformed' }

// RFC 6750 §2.1: b64token, after the scheme and one space; RFC 9110 §11.4 allows more spaces.
const bearer = /^bearer +([a-z0-9\-._~+/]+=*)$/i
// Several field lines that were joined (RFC 9110 §5.3). A bearer token has no comma.
const joined = /,\s*bearer(?: |$)/i

/**
 * Finds the one bearer token of a request.
 *
 * A token in the query string is refused even if the header is valid, because the URL is already in
 * logs and histories (S-15).
 */
export function readCredentials(request: AccessRequest): Credentials {
  const lines = [request.authorization ?? []].flat().map((line) => line.trim())
  const inQuery = queryOf(request.url).has('access_token')
  if (lines.length > 1 || (inQuery && lines.length > 0)) return { kind: 'several' }
  if (inQuery) return { kind: 'in-query' }
  const [line] = lines
  if (line === undefined || line === '') return { kind: 'none' }
  if (joined.test(line)) return { kind: 'several' }
  if (!/^bearer(?: |$)/i.test(line)) return { kind: 'other-scheme' }
  const token = bearer.exec(line)?.[1]
  return token === undefined ? { kind: 'malformed' } : { kind: 'bearer', token }
}

function queryOf(url: string): URLSearchParams {
  const start = url.indexOf('?')
  if (start === -1) return new URLSearchParams()
  return new URLSearchParams(url.slice(start + 1).split('#', 1)[0])
}
