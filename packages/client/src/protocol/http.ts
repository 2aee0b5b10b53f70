import { EvergrantClientError, quote } from '../lib/errors.ts'
import { EgressError } from './egress-error.ts'

/** How requests to authorization servers and metadata documents are made. */
export interface HttpOptions {
  /** Default: the runtime's `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** The longest a request may take, with its body. Default 15,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
  /** The longest body that is read. Default 1 MiB: metadata and tokens need a few KiB. */
  readonly maximumBodyBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** An answer with its body read, within the limits. */
export interface HttpAnswer {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Why a request brought no answer. */
export type NoAnswerReason = 'unreachable' | 'timeout' | 'too-large' | 'refused-here'

/** A request that brought no answer; the caller decides what that means. */
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

/**
 * A `fetch` whose answers are complete, bounded in size and time, and never redirected: what
 * libraries get that call `fetch` themselves.
 *
 * @throws NoAnswerError; the caller's own abort reason passes through.
 */
export function boundedFetch(options: HttpOptions): typeof globalThis.fetch {
  return async (input, init) => {
    const { url, status, headers, text } = await send(input, init, options)
    // Servers can send such a status, and clients read it, but no Response can be made of it.
    if (status < 200 || status > 599) {
      throw new NoAnswerError(
        'unreachable',
        `${new URL(url).origin} answered with status ${status}, which HTTP does not know`,
      )
    }
    // A Response may not carry a body with these; nobody reads it either.
    const body = status === 204 || status === 205 || status === 304 ? null : text
    return new Response(body, { status, headers })
  }
}

const maximumRedirects = 3

/**
 * Gets a document. A few redirects are followed, since some servers insist on a slash at the end,
 * but never to another origin: nobody else may answer for a server.
 *
 * @throws NoAnswerError; the caller's own abort reason passes through.
 */
export async function getDocument(url: string, options: HttpOptions): Promise<HttpAnswer> {
  let answer = await getOnce(url, options)
  for (let followed = 0; followed < maximumRedirects; followed += 1) {
    const target = redirectTarget(answer)
    if (target === undefined) return answer
    answer = await getOnce(target, options)
  }
  return answer
}

async function getOnce(url: string, options: HttpOptions): Promise<HttpAnswer> {
  const init = { headers: { accept: 'application/json' } }
  try {
    return await send(url, init, options)
  } catch (error) {
    // A kept-alive connection that the server closed at this moment: it says nothing about the
    // server, and reading a document twice does no harm.
    if (error instanceof NoAnswerError && isReset(error.cause))
      return await send(url, init, options)
    throw error
  }
}

function isReset(error: unknown): boolean {
  const code = systemCodeOf(error)
  return code === 'ECONNRESET' || code === 'UND_ERR_SOCKET'
}

function redirectTarget({ url, status, headers }: HttpAnswer): string | undefined {
  const location = headers.get('location')
  if (status < 300 || status >= 400 || location === null || !URL.canParse(location, url)) {
    return undefined
  }
  const target = new URL(location, url)
  return target.origin === new URL(url).origin ? target.href : undefined
}

async function send(
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
    // Browsers show nothing of a redirect that is not followed, not even its status.
    if (response.type === 'opaqueredirect') {
      throw new NoAnswerError('unreachable', `${origin} answered with a redirect`)
    }
    const text = await readText(response, maximumBodyBytes, origin)
    return { url, status: response.status, headers: response.headers, text }
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    if (cause instanceof NoAnswerError) throw cause
    if (EgressError.is(cause)) throw new NoAnswerError('refused-here', cause.message, cause)
    if (timeout.signal.aborted) {
      throw new NoAnswerError(
        'timeout',
        `${origin} gave no complete answer within ${requestTimeoutMilliseconds / 1000} s`,
      )
    }
    throw new NoAnswerError(
      'unreachable',
      `${origin} could not be reached${reasonOf(cause)}`,
      cause,
    )
  } finally {
    timeout.cancel()
  }
}

/** A timer this late did not wait for the server: this process stood still. */
const lateMilliseconds = 100
/** Enough to read what lies in the socket. */
const afterStandstillMilliseconds = 2000

/**
 * A time limit for a process that can be suspended, by a person, a sleeping machine or work of its
 * own. Timers come before sockets when it wakes, so a plain one would throw away an answer that
 * has long arrived, and with it perhaps the only copy of a rotated refresh token.
 */
function awakeTimeout(milliseconds: number): { readonly signal: AbortSignal; cancel(): void } {
  const controller = new AbortController()
  const dueAt = performance.now() + milliseconds
  let timer = setTimeout(() => {
    if (performance.now() - dueAt < lateMilliseconds) controller.abort()
    else timer = setTimeout(() => controller.abort(), afterStandstillMilliseconds)
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

/** The system's error code behind a failed fetch, such as ECONNREFUSED: what an operator looks for. */
function reasonOf(error: unknown): string {
  const code = systemCodeOf(error)
  return code === undefined ? '' : ` (${code})`
}

/** The system's error code behind a failed `fetch`, such as `ENOTFOUND`, where there is one. */
export function systemCodeOf(error: unknown): string | undefined {
  const code: unknown =
    error instanceof Error && error.cause instanceof Error && 'code' in error.cause
      ? error.cause.code
      : undefined
  return typeof code === 'string' ? code : undefined
}

/** A JSON document's value, or `undefined` where the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Turns what a request throws that brought no answer into the package's error. */
export function asUnavailable(error: unknown, what: string): unknown {
  if (!(error instanceof NoAnswerError)) return error
  if (error.reason === 'refused-here') {
    return new EvergrantClientError('EGRESS_REFUSED', `${what}. ${error.message}`, { cause: error })
  }
  return new EvergrantClientError(
    'TEMPORARILY_UNAVAILABLE',
    `${what}: ${error.message}. Check the network and the URL, then try again; nothing was lost.`,
    { cause: error },
  )
}

/** The start of a body, for a message that says what came instead of JSON. */
export function excerpt(answer: HttpAnswer): string {
  const type = answer.headers.get('content-type') ?? 'no content type'
  return `status ${answer.status}, ${quote(type, 60)}`
}
