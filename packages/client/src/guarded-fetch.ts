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
 * Replaces the classes of the runtime in a request. The `fetch` of the package `undici` does not
 * recognize the `Request`, `Headers` and `FormData` of the runtime.
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

/** The settings of a request, without headers and body. A dispatcher would replace the guard. */
function settings(request: Request | RequestInit): UndiciRequestInit {
  const { method, signal, redirect, referrer, referrerPolicy, integrity, keepalive } = request
  const all = { method, signal, redirect, referrer, referrerPolicy, integrity, keepalive }
  const duplex = 'duplex' in request ? request.duplex : undefined
  return Object.fromEntries(
    Object.entries({ ...all, duplex }).filter(([, value]) => value !== undefined),
  )
}

/** Keeps the original response alive: garbage collection would cancel its body. */
const origins = new WeakMap<Response, UndiciResponse>()

/** A `Response` of the runtime, because callers use `instanceof`. */
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

/** The refusal behind the error of `fetch`. A new error has the stack of the caller. */
function refusalBehind(error: unknown): EgressError | undefined {
  const refusal = error instanceof Error ? error.cause : undefined
  if (!EgressError.is(refusal)) return undefined
  return new EgressError(refusal.code, refusal.message, { cause: refusal })
}
