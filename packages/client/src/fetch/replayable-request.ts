/** A request that can be sent more than once. */
export interface ReplayableRequest {
  readonly url: string
  /** Everything else. The body is text or bytes, so it can be sent repeatedly. */
  readonly init: RequestInit
  readonly signal: AbortSignal | undefined
  /** The key for counting step-ups (C-23): the path, and the JSON-RPC method and name. */
  readonly operation: string
}

/** Makes a request that can be repeated from the arguments of `fetch`. */
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
  // A stream can be read only once, so it is read here. A Request is not copied, because a copy loses
  // its referrer policy.
  const request =
    input instanceof Request && init === undefined ? input : new Request(input, streaming(init))
  // As bytes, because text would lose what is not UTF-8.
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
      // Some runtimes do not distinguish an empty body from none, and GET must not have one.
      ...(body.byteLength === 0 ? {} : { body }),
    },
    signal,
    operation: operationOf(url, method, new TextDecoder().decode(body)),
  }
}

function streaming(init: RequestInit | undefined): RequestInit | undefined {
  return init?.body instanceof ReadableStream ? { ...init, duplex: 'half' } : init
}

/** The settings of a `Request`. Without them, `fetch` would use its defaults. */
function ownMembers(request: Request): RequestInit {
  const { cache, credentials, integrity, keepalive, mode, redirect, referrer, referrerPolicy } =
    request
  return { cache, credentials, integrity, keepalive, mode, redirect, referrer, referrerPolicy }
}

function operationOf(url: string, method: string | undefined, body: string): string {
  const { pathname } = new URL(url)
  return JSON.stringify([method ?? 'GET', pathname, ...calledBy(body)])
}

/** The JSON-RPC method, and the tool, prompt or resource that it names. */
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
