import { ProtocolError } from '../lib/errors.ts'
import { isLoopbackHost } from '../network/host.ts'
import { showRemote } from '../lib/remote-text.ts'

// On the text, not on a parsed URL: parsing would make different texts equal.
const loopbackUri = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(?::\d{1,5})?((?:[/?].*)?)$/s

/**
 * Tells whether a redirect URI is one that was registered: the same text, or a loopback URI that
 * differs in nothing but the port, which a native app learns only when it listens. `localhost` and
 * `127.0.0.1` are not the same host here.
 *
 * @see OAuth 2.1 §2.3.1, RFC 8252 §7.3 and §8.3
 */
export function redirectUriMatches(registered: string, requested: string): boolean {
  if (registered === requested) return true
  const left = loopbackUri.exec(registered)
  const right = loopbackUri.exec(requested)
  return left !== null && right !== null && left[1] === right[1] && left[2] === right[2]
}

/** What kind of client a redirect URI belongs to. */
export type RedirectUriKind = 'https' | 'loopback' | 'private-use'

/**
 * Schemes of MCP hosts in wide use that are not reversed domain names, as RFC 8252 §7.1 wants them.
 * No browser or operating system gives them a meaning of its own.
 *
 * @see https://github.com/modelcontextprotocol/python-sdk/pull/895 (`cursor`)
 * @see https://github.com/actionhero/keryx/pull/502 (`cursor`, `vscode`)
 */
const schemesWithoutDomain: ReadonlySet<string> = new Set(['cursor:', 'vscode:'])

/** Those of RFC 3986 §2. Browsers take others, a backslash for one, for something else. */
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
    throw invalid(value, 'has characters that RFC 3986 does not allow, percent-encode them')
  }
  if (value.includes('#')) throw invalid(value, 'has a fragment')
  if (url.protocol === 'https:') return 'https'
  if (url.protocol === 'http:') {
    if (isLoopbackHost(url.hostname)) return 'loopback'
    throw invalid(value, 'is http on a host that is not loopback')
  }
  // RFC 8252 §7.1: a dot keeps out javascript:, data:, file: and their like.
  if (/^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:$/.test(url.protocol)) return 'private-use'
  if (schemesWithoutDomain.has(url.protocol)) return 'private-use'
  throw invalid(value, 'has a scheme that is not a reversed domain name')
}

function invalid(value: unknown, why: string): ProtocolError {
  return new ProtocolError(
    'CLIENT_METADATA_INVALID',
    `The redirect URI ${showRemote(value)} ${why}. Expected https, http on a loopback host, or a ` +
      'private-use scheme such as com.example.app:/callback.',
  )
}
