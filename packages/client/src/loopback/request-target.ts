import type { IncomingMessage } from 'node:http'

/**
 * The query of a request for the callback; `undefined` for every other request. It never throws.
 *
 * The request target is compared as it was received, and never resolved against a base URL. The
 * client of the request chooses it, and `//`, `*`, an absolute URL (RFC 9112 §3.2) or a fragment are
 * not the callback.
 */
export function queryOfCallback(
  { method, url: target = '' }: Pick<IncomingMessage, 'method' | 'url'>,
  path: string,
): string | undefined {
  if (method !== 'GET' || target.includes('#')) return undefined
  const split = target.indexOf('?')
  const query = split === -1 ? '' : target.slice(split + 1)
  return (split === -1 ? target : target.slice(0, split)) === path ? query : undefined
}
