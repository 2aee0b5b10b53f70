import { isPublicAddress } from '@evergrant/core/network'
import { Agent } from 'undici'
import { guardedConnector } from './guarded-fetch/connector.ts'
import type { EgressRules } from './guarded-fetch/connector.ts'
import { fetchThrough } from './lib/fetch-through.ts'
import { EgressError } from './protocol/egress-error.ts'

export { EgressError, isPublicAddress }
export type { EgressErrorCode } from './protocol/egress-error.ts'

/** Options of {@link guardedFetch}. */
export type GuardedFetchOptions = EgressRules

/**
 * Makes a `fetch` for hosts whose users name the MCP servers. It connects only to public addresses
 * and only over `https`. Otherwise it works like `fetch`: all methods, redirects, streams. Pass it to
 * `createSession` and to `authorizedFetch`.
 *
 * The rules apply to each connection: to literal addresses in any notation, to every redirect, and to
 * the address that a name resolves to when the connection is made. A name that resolves differently
 * the second time (DNS rebinding) is therefore refused, too. One refused address among several
 * refuses the name. Connections are reused within one guarded `fetch`, so create one for the process.
 * Proxies from the environment are not used, because only the address of the proxy could be checked.
 *
 * Rejects with {@link EgressError} if a connection is refused, and otherwise as `fetch` does. A
 * session whose discovery, registration or sign-in is refused throws `EGRESS_REFUSED` with the same
 * message, and has the {@link EgressError} among its causes. A refused refresh keeps the grant.
 *
 * Requires Node.js and the package `undici`.
 *
 * @example
 * const fetch = guardedFetch()
 * const session = createSession(url, { ...options, fetch })
 */
export function guardedFetch(options: GuardedFetchOptions = {}): typeof globalThis.fetch {
  const dispatcher = new Agent({ connect: guardedConnector(options) })
  return async (input, init) => {
    try {
      return await fetchThrough(dispatcher, input, init)
    } catch (error) {
      throw refusalBehind(error) ?? error
    }
  }
}

/** The refusal behind the error of `fetch`. A new error has the stack of the caller. */
function refusalBehind(error: unknown): EgressError | undefined {
  const refusal = error instanceof Error ? error.cause : undefined
  if (!EgressError.is(refusal)) return undefined
  return new EgressError(refusal.code, refusal.message, { cause: refusal })
}
