import { isSecureEndpoint, showRemote } from '@evergrant/core'
import { ResourceServerError } from './errors.ts'
import type { ResourceServerErrorCode } from './errors.ts'

/**
 * Refuses a configured URL that trust depends on, unless it is `https`, or `http` on a loopback
 * host, and without fragment and credentials.
 *
 * @param what - Names the value in the message.
 * @throws {ResourceServerError} With `code`.
 */
export function assertTrustedUrl(value: string, code: ResourceServerErrorCode, what: string): void {
  if (isSecureEndpoint(value) && !value.includes('#')) return
  // A URL with credentials is not shown.
  const shown = value.includes('@') ? 'one with credentials' : showRemote(value)
  throw new ResourceServerError(
    code,
    `Expected ${what} to be an https URL (http only on a loopback host) without fragment and ` +
      `credentials, got ${shown}.`,
  )
}
