import { EvergrantClientError } from '../lib/errors.ts'
import { refuseLocalTarget } from './local-targets.ts'
import type { FollowedAnswer, Hop, TokenReceiver } from './resource-request.ts'
import { redirectStatuses, refuseHidden } from './resource-request.ts'

const maximumRedirects = 5

/**
 * Follows the redirects of a request to the MCP server.
 *
 * @param first - The response of the MCP server to the request: a redirect.
 * @see `sendToServer`, which says what is followed
 */
export async function followRedirects(
  request: Hop,
  first: Response,
  server: TokenReceiver,
  fetch: typeof globalThis.fetch,
): Promise<FollowedAnswer> {
  let hop: Hop = request
  let response = first
  let fromServer = true
  for (let followed = 0; followed <= maximumRedirects; followed += 1) {
    if (followed > 0) {
      const init: RequestInit = { ...hop.init, redirect: 'manual' }
      response = fromServer ? await server.send(hop.url, init) : await fetch(hop.url, init)
      refuseHidden(response, server.url)
    }
    const next = nextHop(hop, response)
    if (next === undefined) return { response, fromServer }
    await response.body?.cancel().catch(() => undefined)
    refuseLocalTarget(
      { who: 'MCP server', url: server.url },
      next.url,
      'redirect target',
      'RESOURCE_REFUSED',
    )
    const leaves: boolean = fromServer && !server.covers(next.url)
    hop = leaves ? { url: next.url, init: withoutCredentials(next.init) } : next
    fromServer &&= !leaves
  }
  throw new EvergrantClientError(
    'RESOURCE_REFUSED',
    `The MCP server ${server.url} redirects one request more than ${maximumRedirects} times. Ask its operator for the URL that it answers at, and use that URL for the session.`,
  )
}

function nextHop({ url, init }: Hop, response: Response): Hop | undefined {
  if (!redirectStatuses.has(response.status)) return undefined
  const target = targetOf(response, url)
  if (target === undefined) return undefined
  return { url: target, init: becomesGet(response.status, init.method) ? asGet(init) : init }
}

/** The target of a redirect. Without a plain http(s) URL, the caller gets the response unchanged. */
function targetOf(response: Response, url: string): string | undefined {
  const location = response.headers.get('location')
  if (location === null || !URL.canParse(location, url)) return undefined
  const target = new URL(location, url)
  const isHttp = target.protocol === 'https:' || target.protocol === 'http:'
  return isHttp && target.username === '' && target.password === '' ? target.href : undefined
}

function becomesGet(status: number, method = 'GET'): boolean {
  const asked = method.toUpperCase()
  if (status === 303) return asked !== 'GET' && asked !== 'HEAD'
  return (status === 301 || status === 302) && asked === 'POST'
}

function asGet(init: RequestInit): RequestInit {
  const headers = without(init.headers, [
    'content-encoding',
    'content-language',
    'content-length',
    'content-location',
    'content-type',
  ])
  return { ...init, method: 'GET', body: null, headers }
}

/** Removes the headers that `fetch` removes for another origin, and proofs. */
function withoutCredentials(init: RequestInit): RequestInit {
  const headers = without(init.headers, [
    'authorization',
    'cookie',
    'dpop',
    'host',
    'proxy-authorization',
  ])
  return { ...init, headers }
}

function without(given: RequestInit['headers'], names: readonly string[]): Headers {
  const headers = new Headers(given)
  for (const name of names) headers.delete(name)
  return headers
}
