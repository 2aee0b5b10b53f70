import { quote, ResourceServerError } from './errors.ts'
import type { ResourceServerErrorCode } from './errors.ts'

const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Parses a URL from the configuration that tokens depend on: `https`, or `http` on a loopback host.
 *
 * @param what - Names the value in the message.
 * @throws {ResourceServerError} With `code`.
 */
export function parseTrustedUrl(value: string, code: ResourceServerErrorCode, what: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined
  const secure =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && loopbackHosts.has(url.hostname))
  if (url === undefined || !secure || url.hash !== '' || url.username + url.password !== '') {
    throw new ResourceServerError(
      code,
      `Expected ${what} to be an https URL (http only on a loopback host) without fragment and ` +
        `user name, got ${quote(value)}.`,
    )
  }
  return url
}
