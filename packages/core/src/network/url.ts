import { ProtocolError } from '../lib/errors.ts'
import { isLoopbackHost } from './host.ts'
import { showRemote } from '../lib/remote-text.ts'

/**
 * Visible ASCII without the backslash, which RFC 3986 §2 does not allow and WHATWG parsers read as
 * a slash. URLs are compared, sent and shown as they were written; with any other character, the
 * text that a reader sees and the URL that is fetched are not the same.
 */
const urlText = /^[\x21-\x5b\x5d-\x7e]+$/

/** Tells whether a text has only characters that a URL may have. */
function isUrlText(value: string): boolean {
  return urlText.test(value)
}

/**
 * Parses an absolute http(s) URL that carries no credentials.
 *
 * @param what - Names the URL in the error, such as `'The issuer'`.
 * @throws {ProtocolError} `URL_INVALID`.
 */
export function parseHttpUrl(value: unknown, what: string): URL {
  if (typeof value !== 'string' || !URL.canParse(value)) {
    throw new ProtocolError(
      'URL_INVALID',
      `${what} is ${showRemote(value)}, which is not an absolute URL. Give one that starts with ` +
        'https://.',
    )
  }
  const url = new URL(value)
  // First, so that a password in the URL does not reach the next message.
  if (url.username !== '' || url.password !== '') {
    throw new ProtocolError(
      'URL_INVALID',
      `${what} contains a user name or password. Remove them from the URL.`,
    )
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new ProtocolError(
      'URL_INVALID',
      `${what} is ${showRemote(value)}. Expected a URL that starts with https://.`,
    )
  }
  if (!isUrlText(value)) {
    throw new ProtocolError(
      'URL_INVALID',
      `${what} is ${showRemote(value)}, which has characters that a URL must not have (RFC 3986 ` +
        `§2). Write it as ${showRemote(url.href)}.`,
    )
  }
  return url
}

/**
 * Tells whether an endpoint may be used: `https`, or `http` on a loopback host, and without
 * characters that a URL must not have.
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
 * Validates the URL of something that gets tokens, and returns it as it was written.
 *
 * @param what - Names the URL in the error, such as `'The token endpoint'`.
 * @throws {ProtocolError} `URL_INVALID`, or `ENDPOINT_NOT_SECURE` where it is neither `https` nor
 *   on a loopback host.
 */
export function parseEndpoint(value: unknown, what: string): string {
  const url = parseHttpUrl(value, what)
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    throw new ProtocolError(
      'ENDPOINT_NOT_SECURE',
      `${what} is ${showRemote(value)}. Expected https; http is for loopback hosts only. ` +
        'Serve it over TLS.',
    )
  }
  // As it was written: others compare it as a string.
  return String(value)
}
