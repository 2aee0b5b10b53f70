import { EvergrantClientError } from '../lib/errors.ts'
import { refuseLocalTarget } from '../protocol/local-targets.ts'

/** The MCP server of a session: which requests go to it, and how they are sent with its token. */
export interface TokenReceiver {
  readonly url: string
  covers(url: string): boolean
  send(url: string, init: RequestInit): Promise<Response>
}

/** A response, and whether it came from the MCP server. */
export interface FollowedAnswer {
  readonly response: Response
  /** Responses of other servers say nothing about a token. */
  readonly fromServer: boolean
}

interface Hop {
  readonly url: string
  readonly init: RequestInit
}

const maximumRedirects = 5

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
export async function followRedirects(
  request: Hop,
  server: TokenReceiver,
  fetch: typeof globalThis.fetch,
): Promise<FollowedAnswer> {
  const { redirect = 'follow' } = request.init
  if (redirect !== 'follow') {
    return { response: await server.send(request.url, request.init), fromServer: true }
  }
  let hop: Hop = request
  let fromServer = true
  for (let followed = 0; followed <= maximumRedirects; followed += 1) {
    const init: RequestInit = { ...hop.init, redirect: 'manual' }
    const response = fromServer ? await server.send(hop.url, init) : await fetch(hop.url, init)
    refuseHidden(response, server.url)
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

/** Browsers hide the target of a redirect, and following it would send the token there. */
function refuseHidden(response: Response, serverUrl: string): void {
  if (response.type !== 'opaqueredirect') return
  throw new EvergrantClientError(
    'RESOURCE_REFUSED',
    `The MCP server ${serverUrl} answered with a redirect, and this runtime hides its target, so the token cannot be protected. Use the URL that the server answers at for the session.`,
  )
}

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

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
