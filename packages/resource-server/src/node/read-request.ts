import type { IncomingMessage } from 'node:http'
import { limitedBody } from './limited-body.ts'
import type { LimitedBody } from './limited-body.ts'
import { headerLinesOf } from './field-values.ts'

/** The result of {@link readRequest}. */
export type RequestReading =
  | { readonly request: Request; readonly body: LimitedBody | undefined }
  | { readonly refused: 400 | 413; readonly description: string }

/**
 * Converts a request of `node:http` to a web-standard one without reading its body. All header lines
 * are kept, in order, so that the guard sees repeated ones. `incoming.headers` would drop all but the
 * first line of some headers.
 *
 * @param signal - Aborts when the connection closes before the response is complete.
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
  const lines = headerLinesOf(incoming)
  if (repeatsSingleField(lines)) {
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
    const headers = fieldLines(lines)
    const content = body === undefined ? {} : ({ body: body.stream, duplex: 'half' } as const)
    return { request: new Request(url, { method, headers, signal, ...content }), body }
  } catch {
    // A web-standard request cannot have every method, for example TRACE.
    return { refused: 400, description: 'The request cannot be processed' }
  }
}

/** `uri-host [ ":" port ]` (RFC 9110 §7.2), without characters that end the authority of a URL. */
const authority = /^(?:\[[\da-f:.]+\]|[^\s/\\?#@:[\]]+)(?::\d*)?$/i

/**
 * Returns the URL of a request, or `undefined` if it is invalid.
 *
 * Only the origin form is accepted (RFC 9112 §3.2.1). The absolute form, which clients send to
 * proxies, names a second host besides `Host`, which is checked against DNS rebinding.
 */
function requestUrl(incoming: IncomingMessage): URL | undefined {
  const { url: target = '', headers, socket } = incoming
  const { host } = headers
  if (!target.startsWith('/') || host === undefined || !authority.test(host)) return undefined
  const scheme = 'encrypted' in socket ? 'https' : 'http'
  return URL.parse(`${scheme}://${host}${target}`) ?? undefined
}

function fieldLines(lines: readonly string[]): Headers {
  const headers = new Headers()
  for (const [name, value] of pairs(lines)) headers.append(name, value)
  return headers
}

/** Headers whose single value decides something. The guard handles `Authorization`. */
const singleFields = new Set(['host', 'origin', 'content-type', 'dpop', 'last-event-id'])

function repeatsSingleField(lines: readonly string[]): boolean {
  const seen = new Set<string>()
  for (const [rawName] of pairs(lines)) {
    const name = rawName.toLowerCase()
    if (seen.has(name)) return true
    if (singleFields.has(name) || name.startsWith('mcp-')) seen.add(name)
  }
  return false
}

function* pairs(lines: readonly string[]): Generator<readonly [string, string]> {
  for (let index = 0; index + 1 < lines.length; index += 2) {
    yield [lines[index] ?? '', lines[index + 1] ?? '']
  }
}
