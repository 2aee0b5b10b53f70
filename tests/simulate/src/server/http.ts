/** A request as the servers of a month read it. */
export interface SimulatedRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  readonly body: string
}

/** What a server answers. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export function json(status: number, body: object): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  }
}

export function empty(status: number, headers: Answer['headers'] = {}): Answer {
  return { status, headers, body: '' }
}

/** Reads what a client passes to `fetch`. */
export async function readRequest(
  input: Parameters<typeof fetch>[0],
  init: RequestInit = {},
): Promise<SimulatedRequest> {
  if (input instanceof Request) {
    const body = input.method === 'GET' ? '' : await input.text()
    return { method: input.method, url: new URL(input.url), headers: input.headers, body }
  }
  const { method = 'GET', headers, body } = init
  if (body !== undefined && body !== null && typeof body !== 'string') {
    if (!(body instanceof URLSearchParams)) throw new TypeError('Expected a body of text.')
  }
  return {
    method,
    url: new URL(input),
    headers: new Headers(headers),
    body: body === undefined || body === null ? '' : body.toString(),
  }
}
