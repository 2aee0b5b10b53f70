import { ProtocolError } from '../lib/errors.ts'
import { isLoopbackHost } from '../network/host.ts'
import { showRemote } from '../lib/remote-text.ts'

/** The kind of a redirect URI. */
export type RedirectUriKind = 'https' | 'loopback' | 'private-use'

/**
 * Schemes of widely used MCP hosts that are not reversed domain names, as RFC 8252 §7.1 requires.
 * They have no special meaning in browsers or operating systems.
 *
 * @see https://github.com/modelcontextprotocol/python-sdk/pull/895 (`cursor`)
 * @see https://github.com/actionhero/keryx/pull/502 (`cursor`, `vscode`)
 */
const schemesWithoutDomain: ReadonlySet<string> = new Set(['cursor:', 'vscode:'])

/** The characters of RFC 3986 §2. Browsers reinterpret others, such as a backslash. */
const uriCharacters = /^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/

/**
 * Validates a redirect URI for registration: `https`, `http` on a loopback host, or a private-use
 * scheme that is a reversed domain name or one of a few known ones. No fragment, no credentials, and
 * no characters outside RFC 3986.
 *
 * @throws {ProtocolError} `CLIENT_METADATA_INVALID`.
 * @see RFC 6749 §3.1.2, RFC 8252 §7.1 to §7.3
 */
export function parseRedirectUri(value: unknown): RedirectUriKind {
  if (typeof value !== 'string' || !URL.canParse(value))
    throw invalid(value, 'is not an absolute URI')
  const url = new URL(value)
  if (url.username !== '' || url.password !== '') {
    throw new ProtocolError(
      'CLIENT_METADATA_INVALID',
      'A redirect URI contains a user name or password. Remove them.',
    )
  }
  if (!uriCharacters.test(value)) {
    throw invalid(value, 'contains characters that RFC 3986 does not allow (percent-encode them)')
  }
  if (value.includes('#')) throw invalid(value, 'has a fragment')
  if (url.protocol === 'https:') return 'https'
  if (url.protocol === 'http:') {
    if (isLoopbackHost(url.hostname)) return 'loopback'
    throw invalid(value, 'is http on a host that is not loopback')
  }
  // RFC 8252 §7.1: requiring a dot excludes javascript:, data:, file: and similar schemes.
  if (/^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:$/.test(url.protocol)) return 'private-use'
  if (schemesWithoutDomain.has(url.protocol)) return 'private-use'
  throw invalid(value, 'has a scheme that is not a reversed domain name')
}

function invalid(value: unknown, why: string): ProtocolError {
  return new ProtocolError(
    'CLIENT_METADATA_INVALID',
    `The redirect URI ${showRemote(value)} ${why}. Use https, http on a loopback host, or a ` +
      'private-use scheme such as com.example.app:/callback.',
  )
}
