import { fetch as undiciFetch } from 'undici'
import type {
  Dispatcher,
  RequestInit as UndiciRequestInit,
  Response as UndiciResponse,
} from 'undici'

/** The `fetch` of the runtime, with connections that a dispatcher of the package `undici` makes. */
export async function fetchThrough(
  dispatcher: Dispatcher,
  input: Input,
  init?: RequestInit,
): Promise<Response> {
  const { url, ...request } = await plainRequest(input, init)
  return globalResponse(await undiciFetch(url, { ...request, dispatcher }))
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

/** The settings of a request, without headers and body. A dispatcher of the caller would replace ours. */
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
