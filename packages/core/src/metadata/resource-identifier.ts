import { parseHttpUrl } from '../network/url.ts'

/**
 * Returns the canonical URI of an MCP server, for the `resource` parameter: scheme and host in lower
 * case, no default port, no fragment, and no slash after a bare host. A trailing slash of a longer
 * path and a query are significant and stay.
 *
 * @throws {ProtocolError} `URL_INVALID` if it is not an absolute http(s) URL, or has credentials.
 * @see RFC 8707 §2, RFC 9728 §1.2
 */
export function canonicalResource(mcpServerUrl: string): string {
  const url = parseHttpUrl(mcpServerUrl, 'The MCP server URL')
  const path = url.pathname === '/' ? '' : url.pathname
  return `${url.origin}${path}${url.search}`
}

/** How a resource identifier relates to the URL of an MCP server. */
export type ResourceRelation =
  /** Both name the same resource. */
  | 'identical'
  /** The identifier names a folder above the URL, such as the whole origin. */
  | 'covers'
  /** It names another resource. Its metadata must not be used for this URL. */
  | 'different'

/**
 * Compares the `resource` of protected resource metadata with the MCP server's URL.
 *
 * RFC 9728 §3.3 requires identity. Many servers publish one document at the root for everything
 * below it. Therefore, an identifier of the same origin whose path is a whole-segment prefix covers
 * the URL. Another origin, or a path with only a common text prefix, does not.
 */
export function relateResource(resource: string, mcpServerUrl: string): ResourceRelation {
  const named = parseHttpUrl(resource, 'The resource identifier')
  const used = parseHttpUrl(mcpServerUrl, 'The MCP server URL')
  if (named.hash !== '') return 'different'
  if (canonicalResource(resource) === canonicalResource(mcpServerUrl)) return 'identical'
  if (named.origin !== used.origin || named.search !== '') return 'different'
  const folder = named.pathname.endsWith('/') ? named.pathname : `${named.pathname}/`
  const path = used.pathname.endsWith('/') ? used.pathname : `${used.pathname}/`
  if (path === folder) return used.search === '' ? 'identical' : 'covers'
  return path.startsWith(folder) ? 'covers' : 'different'
}
