import { ProtocolError } from '../lib/errors.ts'
import { showRemote } from '../lib/remote-text.ts'
import { parseEndpoint, parseHttpUrl } from '../network/url.ts'

/** RFC 9728 §3: the path of the resource identifier comes behind it. */
const resourceMetadataPath = '/.well-known/oauth-protected-resource'

/** A place where protected resource metadata may be. */
export interface ProtectedResourceMetadataLocation {
  readonly url: string
  readonly place: 'challenge' | 'path' | 'root'
}

/** Options of {@link protectedResourceMetadataUrls}. */
export interface ProtectedResourceMetadataUrlsOptions {
  /** `resource_metadata` of the challenge. Where there is one, it is the only place. */
  readonly challengeUrl?: string | undefined
}

/**
 * The places to look for protected resource metadata, in order: the URL the challenge names; else
 * the well-known URI with the server's path behind it, then the one at the root.
 *
 * @throws {ProtocolError} `URL_INVALID` or `ENDPOINT_NOT_SECURE`.
 * @see RFC 9728 §3.1, §5.1
 */
export function protectedResourceMetadataUrls(
  mcpServerUrl: string,
  options: ProtectedResourceMetadataUrlsOptions = {},
): readonly ProtectedResourceMetadataLocation[] {
  // Wherever its metadata is: access tokens will be sent to this URL.
  parseEndpoint(mcpServerUrl, 'The MCP server URL')
  if (options.challengeUrl !== undefined) {
    const url = parseEndpoint(options.challengeUrl, 'resource_metadata in the challenge')
    return [{ url, place: 'challenge' }]
  }
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
 * Tells whether a URL lies under the `/.well-known/oauth-protected-resource` of the MCP server's own
 * origin, at the root or with a path behind it: where only the owner of the whole origin can write.
 */
export function isOriginsOwnResourceMetadata(url: string, mcpServerUrl: string): boolean {
  const { origin, pathname } = parseHttpUrl(url, 'The URL of the protected resource metadata')
  return (
    origin === parseHttpUrl(mcpServerUrl, 'The MCP server URL').origin &&
    (pathname === resourceMetadataPath || pathname.startsWith(`${resourceMetadataPath}/`)) &&
    // Some servers decode these, and then leave the folder.
    !/%(?:2e|2f|5c)/i.test(pathname)
  )
}

/** A place where authorization server metadata may be. */
export interface AuthorizationServerMetadataLocation {
  readonly url: string
  readonly document: 'oauth-authorization-server' | 'openid-configuration'
  readonly place: 'root' | 'path-insertion' | 'path-appending'
}

/**
 * The places to look for an issuer's metadata, in the order to try: RFC 8414, OpenID Connect with
 * the path inserted, OpenID Connect with the path in front.
 *
 * @throws {ProtocolError} `URL_INVALID` where the issuer has a query or fragment, or is no URL;
 *   `ENDPOINT_NOT_SECURE` where it is neither `https` nor loopback.
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

/** @throws {ProtocolError} as {@link authorizationServerMetadataUrls} does. */
export function parseIssuer(issuer: unknown): URL {
  const url = parseHttpUrl(issuer, 'The issuer')
  // The raw text too: an empty "?" or "#" leaves no trace in the parsed URL.
  if (/[?#]/.test(String(issuer))) {
    throw new ProtocolError(
      'URL_INVALID',
      `The issuer ${showRemote(issuer)} has a query or fragment, which RFC 8414 §2 does not allow.`,
    )
  }
  parseEndpoint(issuer, 'The issuer')
  return url
}
