import { isEgressError } from './egress-error.ts'
import { isProxyError } from './proxy-error.ts'
import { proxyHint } from './proxy-hint.ts'

/** How requests to authorization servers and for metadata documents are sent. */
export interface HttpOptions {
  /** Default: the `fetch` of the runtime. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** The longest that a request may take, including its body. Default 15,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
  /** The longest body that is read. Default 1 MiB; metadata and tokens need a few KiB. */
  readonly maximumBodyBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** An answer with its complete body. */
export interface HttpAnswer {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Why a request got no answer. */
export type NoAnswerReason = 'unreachable' | 'timeout' | 'too-large' | 'refused-here'

/** A request got no answer. The caller decides what that means. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
  readonly reason: NoAnswerReason

  constructor(reason: NoAnswerReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.reason = reason
  }
}

const defaultTimeoutMilliseconds = 15_000
const defaultMaximumBodyBytes = 1_048_576
/** The most redirects that one request follows. */
export const maximumRedirects = 3

/**
 * A `fetch` for libraries: its answers are complete, limited in size and time, and never redirected.
 *
 * @throws NoAnswerError, or the reason of the caller's signal
 */
export function boundedFetch(options: HttpOptions): typeof globalThis.fetch {
  return async (input, init) => {
    const { url, status, headers, text } = await sendOnce(input, init, options)
    // Servers can send such a status, but a Response cannot have it.
    if (status < 200 || status > 599) {
      throw new NoAnswerError(
        'unreachable',
        `${new URL(url).origin} answered with status ${status} (expected 200 to 599)`,
      )
    }
    // A Response must not have a body with these.
    const body = status === 204 || status === 205 || status === 304 ? null : text
    return new Response(body, { status, headers })
  }
}

/**
 * Follows redirects that keep the method and the body (307 and 308), within the origin. A proof of
 * possession is valid for one URL only, so a request with one is not redirected. All other redirects
 * are returned.
 *
 * @param fetch - A `fetch` that follows no redirects.
 */
export function followingRedirects(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    let url = input instanceof Request ? input.url : String(input)
    let response = await fetch(input, init)
    if (input instanceof Request || new Headers(init?.headers).has('dpop')) return response
    for (let followed = 0; followed < maximumRedirects; followed += 1) {
      if (response.status !== 307 && response.status !== 308) return response
      const target = redirectTarget({ url, status: response.status, headers: response.headers })
      if (target === undefined) return response
      url = target
      response = await fetch(target, init)
    }
    return response
  }
}

/** The target of a redirect within the origin. */
export function redirectTarget({
  url,
  status,
  headers,
}: Pick<HttpAnswer, 'url' | 'status' | 'headers'>): string | undefined {
  const location = headers.get('location')
  if (status < 300 || status >= 400 || location === null || !URL.canParse(location, url)) {
    return undefined
  }
  const target = new URL(location, url)
  return target.origin === new URL(url).origin ? target.href : undefined
}

/** Sends a request and reads its complete answer. Redirects are not followed. */
export async function sendOnce(
  input: Parameters<typeof globalThis.fetch>[0],
  init: RequestInit | undefined,
  options: HttpOptions,
): Promise<HttpAnswer> {
  const { fetch = globalThis.fetch, maximumBodyBytes = defaultMaximumBodyBytes, signal } = options
  const requestTimeoutMilliseconds =
    options.requestTimeoutMilliseconds ?? defaultTimeoutMilliseconds
  const timeout = awakeTimeout(requestTimeoutMilliseconds)
  const url = input instanceof Request ? input.url : String(input)
  const origin = new URL(url).origin
  try {
    const response = await fetch(input, {
      ...init,
      redirect: 'manual',
      signal: signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]),
    })
    // Browsers hide a redirect that is not followed, including its status.
    if (response.type === 'opaqueredirect') {
      throw new NoAnswerError('unreachable', `${origin} answered with a redirect`)
    }
    const text = await readText(response, maximumBodyBytes, origin)
    return { url, status: response.status, headers: response.headers, text }
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    if (cause instanceof NoAnswerError) throw cause
    if (isEgressError(cause)) throw new NoAnswerError('refused-here', cause.message, cause)
    if (timeout.signal.aborted) {
      throw new NoAnswerError(
        'timeout',
        `${origin} gave no complete answer within ${requestTimeoutMilliseconds / 1000} s${proxyOf(cause)}`,
      )
    }
    throw new NoAnswerError(
      'unreachable',
      `${origin} could not be reached${reasonOf(cause)}${proxyOf(cause)}${options.fetch === undefined ? proxyHint(url) : ''}`,
      cause,
    )
  } finally {
    timeout.cancel()
  }
}

/** A timer that is this late shows that this process was suspended. */
const lateMilliseconds = 100
/** Enough time to read a response that has already arrived. */
const afterSuspensionMilliseconds = 2000

/**
 * A time limit for a process that can be suspended, for example because the machine sleeps. After
 * that, timers run before sockets are read. A plain timer would drop a response that has already
 * arrived, perhaps with the only copy of a rotated refresh token.
 */
function awakeTimeout(milliseconds: number): { readonly signal: AbortSignal; cancel(): void } {
  const controller = new AbortController()
  const dueAt = performance.now() + milliseconds
  const abort = (): void => {
    controller.abort(new DOMException('The request took too long', 'TimeoutError'))
  }
  let timer = setTimeout(() => {
    if (performance.now() - dueAt < lateMilliseconds) abort()
    else timer = setTimeout(abort, afterSuspensionMilliseconds)
  }, milliseconds)
  return { signal: controller.signal, cancel: () => clearTimeout(timer) }
}

async function readText(response: Response, maximumBytes: number, origin: string): Promise<string> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    if (bytes > maximumBytes) {
      throw new NoAnswerError(
        'too-large',
        `${origin} answered with more than ${maximumBytes} bytes`,
      )
    }
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** The proxy that was configured for a failed request, for a message. */
function proxyOf(error: unknown): string {
  if (!isProxyError(error)) return ''
  return `; ${error.detail} (list the host in NO_PROXY if it must be reached directly)`
}

/** The system error code of a failed `fetch`, such as ECONNREFUSED, for a message. */
function reasonOf(error: unknown): string {
  const code = systemCodeOf(error)
  return code === undefined ? '' : ` (${code})`
}

/** The system error code of a failed `fetch`, such as `ENOTFOUND`, if it has one. */
export function systemCodeOf(error: unknown): string | undefined {
  const failure = isProxyError(error) ? error.cause : error
  const code: unknown =
    failure instanceof Error && failure.cause instanceof Error && 'code' in failure.cause
      ? failure.cause.code
      : undefined
  return typeof code === 'string' ? code : undefined
}

/** The value of a JSON document, or `undefined` if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
