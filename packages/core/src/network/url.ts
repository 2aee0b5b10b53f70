import { ProtocolError } from '../lib/errors.ts'
import { isLoopbackHost } from './host.ts'
import { showRemote } from '../lib/remote-text.ts'

/**
 * Visible ASCII without the backslash, which RFC 3986 §2 does not allow and WHATWG parsers read as a
 * slash. URLs are compared, sent and shown as written. With other characters, the shown text and the
 * fetched URL would differ.
 */
const urlText = /^[\x21-\x5b\x5d-\x7e]+$/

/** Whether a text contains only characters that a URL may contain. */
function isUrlText(value: string): boolean {
  return urlText.test(value)
}

/**
 * Parses an absolute http(s) URL without credentials.
 *
 * @param what - Names the URL in the error, such as `'The issuer'`.
 * @throws {ProtocolError} `URL_INVALID`.
 */
export function parseHttpUrl(value: unknown, what: string): URL {
  if (typeof value !== 'string' || !URL.canParse(value)) {
    throw new ProtocolError(
      'URL_INVALID',
      `${what} is ${showRemote(value)} (expected an absolute URL that starts with https://). ` +
        'Correct the URL.',
    )
  }
  const url = new URL(value)
  // Check this first, so that a password does not appear in the next message.
  if (url.username !== '' || url.password !== '') {
    throw new ProtocolError(
      'URL_INVALID',
      `${what} contains a user name or password. Remove them from the URL.`,
    )
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new ProtocolError(
      'URL_INVALID',
      `${what} is ${showRemote(value)} (expected a URL that starts with https://). Correct the URL.`,
    )
  }
  if (!isUrlText(value)) {
    throw new ProtocolError(
      'URL_INVALID',
      `${what} is ${showRemote(value)}, which contains characters that are not allowed in a URL ` +
        `(RFC 3986 §2). Write it as ${showRemote(url.href)}.`,
    )
  }
  return url
}

/**
 * Whether an endpoint is secure: `https`, or `http` on a loopback host, without credentials, and
 * without characters that are not allowed in a URL.
 *
 * @see OAuth 2.1 §1.5
 */
export function isSecureEndpoint(value: string): boolean {
  if (!isUrlText(value) || !URL.canParse(value)) return false
  const url = new URL(value)
  if (url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname))
}

/**
 * Validates the URL of an endpoint that receives tokens or credentials, and returns it unchanged.
 *
 * @param what - Names the URL in the error, such as `'The token endpoint'`.
 * @throws {ProtocolError} `URL_INVALID`, or `ENDPOINT_NOT_SECURE` if it is neither `https` nor on a
 *   loopback host.
 */
export function parseEndpoint(value: unknown, what: string): string {
  const url = parseHttpUrl(value, what)
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    throw new ProtocolError(
      'ENDPOINT_NOT_SECURE',
      `${what} is ${showRemote(value)} (expected https; http is for loopback hosts only). ` +
        'Serve it over TLS.',
    )
  }
  // Unchanged, because callers compare it as a string.
  return String(value)
}
