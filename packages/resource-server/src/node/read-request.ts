import type { IncomingMessage } from 'node:http'
import { limitedBody } from './limited-body.ts'
import type { LimitedBody } from './limited-body.ts'

/** What a request of Node.js comes to. */
export type RequestReading =
  | { readonly request: Request; readonly body: LimitedBody | undefined }
  | { readonly refused: 400 | 413; readonly description: string }

/**
 * Turns a request of `node:http` into a web-standard one without reading its body. Every field
 * line goes into the headers, in order, so that a repeated one is seen; `incoming.headers` keeps
 * the first of several lines for some fields, and the guard and the handler would then decide on
 * less than was sent.
 *
 * @param signal - Aborts when the connection closes before the answer is complete.
 */
export function readRequest(
  incoming: IncomingMessage,
  maximumBodyBytes: number,
  signal: AbortSignal,
): RequestReading {
  const url = requestUrl(incoming)
  if (url === undefined) {
    return { refused: 400, description: 'The request target or the Host header is invalid' }
  }
  if (repeatsSingleField(incoming.rawHeaders)) {
    return { refused: 400, description: 'The request repeats a header that may occur once' }
  }
  if (Number(incoming.headers['content-length']) > maximumBodyBytes) {
    return {
      refused: 413,
      description: `The request body is longer than ${maximumBodyBytes} bytes`,
    }
  }
  const { method = 'GET' } = incoming
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const body = hasBody ? limitedBody(incoming, maximumBodyBytes) : undefined
  try {
    const headers = fieldLines(incoming.rawHeaders)
    const content = body === undefined ? {} : ({ body: body.stream, duplex: 'half' } as const)
    return { request: new Request(url, { method, headers, signal, ...content }), body }
  } catch {
    // TRACE, for one, is a method that no web-standard request can have.
    return { refused: 400, description: 'The request cannot be processed' }
  }
}

/** `uri-host [ ":" port ]` (RFC 9110 §7.2): nothing that would end the authority of a URL. */
const authority = /^(?:\[[\da-f:.]+\]|[^\s/\\?#@:[\]]+)(?::\d*)?$/i

/**
 * The URL of a request, or `undefined` where there is none.
 *
 * Only the origin form is taken (RFC 9112 §3.2.1). The absolute form names a host of its own, next
 * to the one in `Host` that is checked against DNS rebinding; clients send it to proxies.
 */
function requestUrl(incoming: IncomingMessage): URL | undefined {
  const { url: target = '', headers, socket } = incoming
  const { host } = headers
  if (!target.startsWith('/') || host === undefined || !authority.test(host)) return undefined
  const scheme = 'encrypted' in socket ? 'https' : 'http'
  return URL.parse(`${scheme}://${host}${target}`) ?? undefined
}

function fieldLines(rawHeaders: readonly string[]): Headers {
  const headers = new Headers()
  for (const [name, value] of pairs(rawHeaders)) headers.append(name, value)
  return headers
}

/** Decisions rest on one value of these. `Authorization` is left to the guard, which answers. */
const singleFields = new Set(['host', 'origin', 'content-type', 'dpop', 'last-event-id'])

function repeatsSingleField(rawHeaders: readonly string[]): boolean {
  const seen = new Set<string>()
  for (const [rawName] of pairs(rawHeaders)) {
    const name = rawName.toLowerCase()
    if (seen.has(name)) return true
    if (singleFields.has(name) || name.startsWith('mcp-')) seen.add(name)
  }
  return false
}

function* pairs(rawHeaders: readonly string[]): Generator<readonly [string, string]> {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    yield [rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '']
  }
}
