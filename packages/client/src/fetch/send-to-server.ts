import { loadOnce } from '../lib/load-once.ts'
import type { FollowedAnswer, Hop, TokenReceiver } from '../protocol/resource-request.ts'
import { redirectStatuses, refuseHidden } from '../protocol/resource-request.ts'

/** Few MCP servers redirect, so what follows redirects is loaded when one does (ADR 28). */
const redirects = loadOnce('follows redirects', () => import('../session/on-demand.ts'))

/**
 * Sends a request to the MCP server and follows redirects, as `fetch` does, except that the token
 * goes only to URLs of the MCP server. `fetch` would send it to every URL of the origin.
 *
 * A redirect to another URL is followed without a token. All following requests have no token either,
 * even after a redirect back. A redirect to this machine or its local link is refused, unless the MCP
 * server is there, too. `redirect: 'manual'` and `'error'` work as in `fetch`.
 *
 * @param fetch - Sends requests to other servers.
 * @throws EvergrantClientError `RESOURCE_REFUSED` if redirects do not end, lead to a local address,
 *   or are hidden by a browser.
 * @see Fetch standard, HTTP-redirect fetch
 */
export async function sendToServer(
  request: Hop,
  server: TokenReceiver,
  fetch: typeof globalThis.fetch,
): Promise<FollowedAnswer> {
  const { redirect = 'follow' } = request.init
  if (redirect !== 'follow') {
    return { response: await server.send(request.url, request.init), fromServer: true }
  }
  const response = await server.send(request.url, { ...request.init, redirect: 'manual' })
  refuseHidden(response, server.url)
  if (!redirectStatuses.has(response.status)) return { response, fromServer: true }
  const { followRedirects } = await redirects()
  return await followRedirects(request, response, server, fetch)
}
