import { byteBuffer } from '../messages/byte-buffer.ts'
import { UnexpectedAnswerError } from './upstream.ts'

/** A request to the MCP server. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
  /** Whether sending it twice does no harm, so that it is repeated if a connection turns out closed. */
  readonly isRepeatable?: boolean
}

/** A response, with its body not read yet. Read or discard it: its connection waits for that. */
export interface HttpResponse {
  readonly status: number
  header(name: string): string | undefined
  readonly body: AsyncIterable<Uint8Array>
  discard(): void
}

/** Sends one request. Rejects if there is no response. */
export type HttpClient = (request: HttpRequest) => Promise<HttpResponse>

/** An `HttpClient` on top of a `fetch`. */
export function clientOfFetch(fetch: typeof globalThis.fetch): HttpClient {
  return async ({ url, method, headers, body, signal }) =>
    responseOfFetch(
      await fetch(url, {
        method,
        headers,
        signal,
        redirect: 'manual',
        ...(body === undefined ? {} : { body }),
      }),
    )
}

export function responseOfFetch(response: Response): HttpResponse {
  const { body } = response
  return {
    status: response.status,
    header: (name) => response.headers.get(name) ?? undefined,
    body: body ?? nothing(),
    discard() {
      void body?.cancel().catch(() => undefined)
    },
  }
}

/** A `fetch` on top of an `HttpClient`, for the library, which repeats requests after a sign-in. */
export function fetchOfClient(client: HttpClient): typeof globalThis.fetch {
  return async (input, init) => {
    const method = init?.method
    const response = await client({
      method: method === 'POST' || method === 'DELETE' ? method : 'GET',
      url: input instanceof Request ? input.url : String(input),
      headers: Object.fromEntries(new Headers(init?.headers)),
      signal: init?.signal ?? new AbortController().signal,
      ...(typeof init?.body === 'string' ? { body: init.body } : {}),
    })
    return fetchResponse(response)
  }
}

const namesKept = [
  'content-type',
  'www-authenticate',
  'location',
  'mcp-session-id',
  'dpop-nonce',
  'retry-after',
]

/** Statuses that a `Response` with a body cannot have. */
const bodilessStatuses: ReadonlySet<number> = new Set([101, 103, 204, 205, 304])

function fetchResponse(response: HttpResponse): Response {
  const headers = new Headers()
  for (const name of namesKept) {
    const value = response.header(name)
    if (value !== undefined) headers.set(name, value)
  }
  const { status } = response
  if (bodilessStatuses.has(status)) {
    response.discard()
    return new Response(null, { status, headers })
  }
  return new Response(ReadableStream.from(response.body), { status, headers })
}

/** The media type of a response, without parameters; empty if it has none. */
export function contentType(response: HttpResponse): string {
  return (response.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** Reads a body as text. Rejects if it is longer than `maximumBytes`. */
export async function readText(response: HttpResponse, maximumBytes: number): Promise<string> {
  const kept = byteBuffer()
  for await (const part of response.body) {
    if (kept.size + part.length > maximumBytes) {
      response.discard()
      throw new UnexpectedAnswerError(`its body is longer than ${maximumBytes} bytes`)
    }
    kept.append(part)
  }
  return kept.takeText()
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // An empty body.
}
