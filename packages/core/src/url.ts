import { ProtocolError } from './errors.ts'
import { showRemote } from './remote-text.ts'

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
      `${what} is ${showRemote(value)}, which is no absolute URL. Give one that starts with https://.`,
    )
  }
  const url = new URL(value)
  // First, so that a password in the URL does not reach the next message.
  if (url.username !== '' || url.password !== '') {
    throw new ProtocolError(
      'URL_INVALID',
      `${what} carries a user name or password. Take them out of the URL.`,
    )
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new ProtocolError(
      'URL_INVALID',
      `${what} is ${showRemote(value)}. Expected a URL that starts with https://.`,
    )
  }
  return url
}

/** `localhost`, `127.0.0.0/8` and `::1`: what never leaves the machine (RFC 8252 §7.3, §8.3). */
export function isLoopbackHost(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    hostname === '::1' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname)
  )
}

/**
 * Tells whether an endpoint may be used: `https`, or `http` on a loopback host.
 *
 * @see OAuth 2.1 §1.5
 */
export function isSecureEndpoint(value: string): boolean {
  if (!URL.canParse(value)) return false
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
