import { isPublicAddress } from '@evergrant/core'
import { Agent, fetch as undiciFetch } from 'undici'
import type { RequestInit as UndiciRequestInit, Response as UndiciResponse } from 'undici'
import { guardedConnector } from './guarded-fetch/connector.ts'
import type { EgressRules } from './guarded-fetch/connector.ts'
import { EgressError } from './protocol/egress-error.ts'

export { EgressError, isPublicAddress }
export type { EgressErrorCode } from './protocol/egress-error.ts'

/** Options of {@link guardedFetch}. */
export type GuardedFetchOptions = EgressRules

/**
 * Makes a `fetch` for hosts that connect to MCP servers which their users name. It connects to
 * public addresses only, over `https` only, and otherwise does what `fetch` does: all methods,
 * redirects, streams. Pass it to `createSession` and to `authorizedFetch`.
 *
 * The rules hold for each connection: for literal addresses in any notation, for every redirect,
 * and for the address that a name resolves to at the moment of connecting, so a name that resolves
 * differently the second time (DNS rebinding) gains nothing. One refused address among several
 * refuses the name. Connections are kept and reused within one guarded `fetch`: make one for the
 * process. Proxies from the environment are not used, since behind one the guard sees the address
 * of the proxy only.
 *
 * Rejects with {@link EgressError} where the guard refuses, and as `fetch` does otherwise. A session
 * whose discovery, registration or sign-in is refused throws `EGRESS_REFUSED` with the words of the
 * guard, and has the {@link EgressError} among its causes. A refused refresh keeps the grant.
 *
 * Needs Node.js and the package `undici`.
 */
export function guardedFetch(options: GuardedFetchOptions = {}): typeof globalThis.fetch {
  const dispatcher = new Agent({ connect: guardedConnector(options) })
  return async (input, init) => {
    const { url, ...request } = await plainRequest(input, init)
    try {
      return globalResponse(await undiciFetch(url, { ...request, dispatcher }))
    } catch (error) {
      throw refusalBehind(error) ?? error
    }
  }
}

type Input = Parameters<typeof globalThis.fetch>[0]

interface PlainRequest extends UndiciRequestInit {
  readonly url: string
}

/**
 * Takes the runtime's classes out of a request: this `fetch` is that of a package, to which the
 * runtime's `Request`, `Headers` and `FormData` are unknown objects.
 */
async function plainRequest(input: Input, init: RequestInit = {}): Promise<PlainRequest> {
  if (input instanceof Request) {
    const request = new Request(input, init)
    return {
      ...settings(request),
      url: request.url,
      headers: [...request.headers],
      ...(request.body === null ? {} : { body: request.body, duplex: 'half' }),
    }
  }
  const headers = new Headers(init.headers)
  const { body } = init
  if (body instanceof FormData) {
    const encoded = new Response(body)
    headers.set('content-type', encoded.headers.get('content-type') ?? '')
    const bytes = await encoded.arrayBuffer()
    return { ...settings(init), url: String(input), headers: [...headers], body: bytes }
  }
  return {
    ...settings(init),
    url: String(input),
    headers: [...headers],
    ...(body === undefined ? {} : { body }),
  }
}

/** What is not left out, apart from headers and body. A dispatcher is: it would replace the guard. */
function settings(request: Request | RequestInit): UndiciRequestInit {
  const { method, signal, redirect, referrer, referrerPolicy, integrity, keepalive } = request
  const all = { method, signal, redirect, referrer, referrerPolicy, integrity, keepalive }
  const duplex = 'duplex' in request ? request.duplex : undefined
  return Object.fromEntries(
    Object.entries({ ...all, duplex }).filter(([, value]) => value !== undefined),
  )
}

/** Keeps a response for as long as the one made of it: the body of one that is gone is cancelled. */
const origins = new WeakMap<Response, UndiciResponse>()

/** A `Response` of the runtime: callers ask `instanceof`. */
function globalResponse(origin: UndiciResponse): Response {
  const { status, statusText, headers, body, url, redirected } = origin
  const response = new Response(body as ReadableStream<Uint8Array> | null, {
    status,
    statusText,
    headers: [...headers],
  })
  Object.defineProperties(response, { url: { value: url }, redirected: { value: redirected } })
  origins.set(response, origin)
  return response
}

/** `fetch` hides what its connection failed for. With its cause, the stack tells who called. */
function refusalBehind(error: unknown): EgressError | undefined {
  const refusal = error instanceof Error ? error.cause : undefined
  if (!EgressError.is(refusal)) return undefined
  return new EgressError(refusal.code, refusal.message, { cause: refusal })
}
