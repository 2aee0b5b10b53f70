import { ProtocolError } from '../lib/errors.ts'
import { showRemote } from '../lib/remote-text.ts'
import { parseEndpoint, parseHttpUrl } from '../network/url.ts'

/**
 * Reads an issuer identifier as a URL.
 *
 * @throws {ProtocolError} `URL_INVALID` if it has a query or fragment, or is not a URL;
 *   `ENDPOINT_NOT_SECURE` if it is neither `https` nor on a loopback host.
 */
export function parseIssuer(issuer: unknown): URL {
  const url = parseHttpUrl(issuer, 'The issuer')
  // Check the raw text, because the parsed URL does not show an empty "?" or "#".
  if (/[?#]/.test(String(issuer))) {
    throw new ProtocolError(
      'URL_INVALID',
      `The issuer ${showRemote(issuer)} has a query or fragment, which RFC 8414 §2 does not allow. Remove it.`,
    )
  }
  parseEndpoint(issuer, 'The issuer')
  return url
}
