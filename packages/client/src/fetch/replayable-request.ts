/** A request that can be sent more than once. */
export interface ReplayableRequest {
  readonly url: string
  /** Everything else of it. A body is text or bytes: neither is used up by sending it. */
  readonly init: RequestInit
  readonly signal: AbortSignal | undefined
  /** What step-ups are counted by (C-23): the server's path and the JSON-RPC method and name. */
  readonly operation: string
}

/** Makes a request that can be repeated of what `fetch` was called with. */
export async function replayableRequest(
  input: Parameters<typeof globalThis.fetch>[0],
  init: RequestInit | undefined,
): Promise<ReplayableRequest> {
  const text = init?.body ?? ''
  if (!(input instanceof Request) && typeof text === 'string') {
    const url = String(input)
    return {
      url,
      init: init ?? {},
      signal: init?.signal ?? undefined,
      operation: operationOf(url, init?.method, text),
    }
  }
  // A body that streams can be read once, and is asked for twice: it is read here.
  // A Request as it is: a copy forgets its referrer policy.
  const request =
    input instanceof Request && init === undefined ? input : new Request(input, streaming(init))
  // As bytes: text would lose what is no UTF-8.
  const body = await request.arrayBuffer()
  const { url, method, headers, signal } = request
  return {
    url,
    init: {
      ...init,
      ...(input instanceof Request ? ownMembers(request) : {}),
      method,
      headers,
      signal,
      // Not every runtime tells an empty body from none, and GET may not have one.
      ...(body.byteLength === 0 ? {} : { body }),
    },
    signal,
    operation: operationOf(url, method, new TextDecoder().decode(body)),
  }
}

function streaming(init: RequestInit | undefined): RequestInit | undefined {
  return init?.body instanceof ReadableStream ? { ...init, duplex: 'half' } : init
}

/** What a `Request` says of how it is to be sent. Without it, `fetch` would use its defaults. */
function ownMembers(request: Request): RequestInit {
  const { cache, credentials, integrity, keepalive, mode, redirect, referrer, referrerPolicy } =
    request
  return { cache, credentials, integrity, keepalive, mode, redirect, referrer, referrerPolicy }
}

function operationOf(url: string, method: string | undefined, body: string): string {
  const { pathname } = new URL(url)
  return JSON.stringify([method ?? 'GET', pathname, ...calledBy(body)])
}

/** The JSON-RPC method, and the tool, prompt or resource it names. */
function calledBy(body: string): readonly unknown[] {
  try {
    const message = JSON.parse(body) as {
      method?: unknown
      params?: { name?: unknown; uri?: unknown }
    } | null
    return [message?.method, message?.params?.name ?? message?.params?.uri]
  } catch {
    return []
  }
}
