import { showRemote } from '@evergrant/core'
import { isSecureEndpoint } from '@evergrant/core/network'
import { ResourceServerError } from './errors.ts'
import type { ResourceServerErrorCode } from './errors.ts'

/**
 * Refuses a configured URL unless it is `https`, or `http` on a loopback host, without fragment and
 * credentials.
 *
 * @param what - Names the value in the message.
 * @throws {ResourceServerError} With `code`.
 */
export function assertTrustedUrl(value: string, code: ResourceServerErrorCode, what: string): void {
  if (isSecureEndpoint(value) && !value.includes('#')) return
  // Do not show a URL with credentials.
  const shown = value.includes('@') ? 'a URL with credentials' : showRemote(value)
  throw new ResourceServerError(
    code,
    `Invalid ${what}: ${shown} (expected an https URL, or http on a loopback host, without fragment ` +
      'and credentials). Correct the URL.',
  )
}
