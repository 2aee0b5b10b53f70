import { parseEndpoint, parseHttpUrl } from '../network/url.ts'
import { parseIssuer } from './issuer-url.ts'

/** RFC 9728 §3: the path of the resource identifier follows it. */
const resourceMetadataPath = '/.well-known/oauth-protected-resource'

/** A possible location of protected resource metadata. */
export interface ProtectedResourceMetadataLocation {
  readonly url: string
  readonly place: 'challenge' | 'path' | 'root'
}

/** Options of {@link protectedResourceMetadataUrls}. */
export interface ProtectedResourceMetadataUrlsOptions {
  /** `resource_metadata` of the challenge. If set, it is the first location. */
  readonly challengeUrl?: string | undefined
}

/**
 * Returns the possible locations of protected resource metadata, in order: the URL in the challenge,
 * the well-known URI with the server's path, and the one at the root. Use a later one only if the
 * earlier ones have no usable document.
 *
 * @throws {ProtocolError} `URL_INVALID` or `ENDPOINT_NOT_SECURE`.
 * @see RFC 9728 §3.1, §5.1
 */
export function protectedResourceMetadataUrls(
  mcpServerUrl: string,
  options: ProtectedResourceMetadataUrlsOptions = {},
): readonly ProtectedResourceMetadataLocation[] {
  // Access tokens will be sent to this URL, regardless of where its metadata is.
  parseEndpoint(mcpServerUrl, 'The MCP server URL')
  const wellKnown = wellKnownLocations(mcpServerUrl)
  if (options.challengeUrl === undefined) return wellKnown
  const url = parseEndpoint(options.challengeUrl, 'resource_metadata in the challenge')
  return [{ url, place: 'challenge' }, ...wellKnown.filter((location) => location.url !== url)]
}

function wellKnownLocations(mcpServerUrl: string): readonly ProtectedResourceMetadataLocation[] {
  const { origin, pathname, search } = parseHttpUrl(mcpServerUrl, 'The MCP server URL')
  const root = `${origin}${resourceMetadataPath}`
  const suffix = `${pathname === '/' ? '' : pathname}${search}`
  return suffix === ''
    ? [{ url: root, place: 'root' }]
    : [
        { url: `${root}${suffix}`, place: 'path' },
        { url: root, place: 'root' },
      ]
}

/**
 * Whether a URL is under `/.well-known/oauth-protected-resource` of the MCP server's origin, with or
 * without a path after it. Only the owner of the whole origin can write there.
 */
export function isOriginsOwnResourceMetadata(url: string, mcpServerUrl: string): boolean {
  const { origin, pathname } = parseHttpUrl(url, 'The URL of the protected resource metadata')
  return (
    origin === parseHttpUrl(mcpServerUrl, 'The MCP server URL').origin &&
    (pathname === resourceMetadataPath || pathname.startsWith(`${resourceMetadataPath}/`)) &&
    // Some servers decode these and then leave the folder.
    !/%(?:2e|2f|5c)/i.test(pathname)
  )
}

/** A possible location of authorization server metadata. */
export interface AuthorizationServerMetadataLocation {
  readonly url: string
  readonly document: 'oauth-authorization-server' | 'openid-configuration'
  readonly place: 'root' | 'path-insertion' | 'path-appending'
}

/**
 * Returns the possible locations of an issuer's metadata, in order: RFC 8414, OpenID Connect with
 * path insertion, OpenID Connect with path appending.
 *
 * @throws {ProtocolError} `URL_INVALID` if the issuer has a query or fragment, or is not a URL;
 *   `ENDPOINT_NOT_SECURE` if it is neither `https` nor on a loopback host.
 * @see RFC 8414 §3.1 and §5, OpenID Connect Discovery §4
 */
export function authorizationServerMetadataUrls(
  issuer: string,
): readonly AuthorizationServerMetadataLocation[] {
  const { origin, pathname } = parseIssuer(issuer)
  const path = pathname.replace(/\/$/, '')
  const insert = (document: AuthorizationServerMetadataLocation['document']) => ({
    url: `${origin}/.well-known/${document}${path}`,
    document,
    place: path === '' ? ('root' as const) : ('path-insertion' as const),
  })
  const inserted = [insert('oauth-authorization-server'), insert('openid-configuration')]
  if (path === '') return inserted
  return [
    ...inserted,
    {
      url: `${origin}${path}/.well-known/openid-configuration`,
      document: 'openid-configuration',
      place: 'path-appending',
    },
  ]
}
