import { isLoopbackHost, isNonRoutableHost } from '@evergrant/core'
import type { EvergrantClientErrorCode } from '../lib/errors.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'

/** A server that says where the next request goes. */
export interface DirectingServer {
  readonly who: 'MCP server' | 'authorization server'
  readonly url: string
}

/**
 * Keeps a server elsewhere from directing requests at this machine or its link, where programs
 * often trust everyone who reaches them. It looks at the host as it is written: what a name resolves
 * to is seen where the connection is made.
 *
 * @param url - Where the server sends the next request.
 * @param what - What the server calls it, such as `'token_endpoint'`.
 * @param code - Of the error. Default `DISCOVERY_FAILED`.
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
  const place = isLoopbackHost(host) ? 'on this machine' : 'at an address that no router leads to'
  throw new EvergrantClientError(
    code,
    `The ${server.who} ${quote(withoutQuery(server.url))} names ${quote(withoutQuery(url))} ${place} as its ${what}. Only a server there may do that. Ask its operator to name an address that others can reach.`,
  )
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : ''
}

/** A query can carry secrets, such as the state of a sign-in. */
function withoutQuery(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? ''
}
