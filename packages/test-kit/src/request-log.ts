import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** A request as a scripted server received it. */
export interface LoggedRequest<Endpoint extends string = string> {
  readonly endpoint: Endpoint
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** Members of a form body, or empty. Contains the secrets of the test. */
  readonly form: Readonly<Record<string, string>>
  /** The body, if it was JSON. */
  readonly json: unknown
  readonly headers: IncomingHttpHeaders
  /** What the endpoint did: `issued`, `refreshed`, `replayed`, an OAuth error, `not-reached`, … */
  readonly outcome: string
  /** The fault of this request; `pass` for none. */
  readonly fault: string
}

/** Parses a request. Malformed JSON counts as no JSON. */
export function parseRequest(
  request: IncomingMessage,
  body: string,
): Pick<LoggedRequest, 'method' | 'path' | 'query' | 'form' | 'json' | 'headers'> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const contentType = request.headers['content-type'] ?? ''
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    form: contentType.startsWith('application/x-www-form-urlencoded')
      ? Object.fromEntries(new URLSearchParams(body))
      : {},
    json: contentType.startsWith('application/json') ? parseJson(body) : undefined,
    headers: request.headers,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
