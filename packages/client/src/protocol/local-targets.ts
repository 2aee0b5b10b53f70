import { isLoopbackHost, isNonRoutableHost } from '@evergrant/core/network'
import type { EvergrantClientErrorCode } from '../lib/errors.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'

/** A server that names the target of the next request. */
export interface DirectingServer {
  readonly who: 'MCP server' | 'authorization server'
  readonly url: string
}

/**
 * Prevents a remote server from directing requests to this machine or its local link, where programs
 * often trust every client. It checks the host as it is written. What a name resolves to is checked
 * when the connection is made.
 *
 * @param url - The target of the next request.
 * @param what - What the server names it, such as `'token_endpoint'`.
 * @param code - The code of the error. Default `DISCOVERY_FAILED`.
 * @throws EvergrantClientError
 */
export function refuseLocalTarget(
  server: DirectingServer,
  url: string,
  what: string,
  code: EvergrantClientErrorCode = 'DISCOVERY_FAILED',
): void {
  const host = hostOf(url)
  if (!isNonRoutableHost(host) || isNonRoutableHost(hostOf(server.url))) return
  const place = isLoopbackHost(host) ? 'on this machine' : 'at a link-local address'
  throw new EvergrantClientError(
    code,
    `The ${server.who} ${quote(withoutQuery(server.url))} names ${quote(withoutQuery(url))} ${place} as its ${what}. Only a server at such an address may do that. Ask its operator to name a public address.`,
  )
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : ''
}

/** A query can carry secrets, such as the state of a sign-in. */
function withoutQuery(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? ''
}
