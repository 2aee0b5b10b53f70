import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/**
 * Sends a web-standard response, with back-pressure.
 *
 * @param close - Whether to close the connection after it.
 */
export async function writeResponse(
  outgoing: ServerResponse,
  response: Response,
  close: boolean,
): Promise<void> {
  const { status, headers, body } = response
  const isHead = outgoing.req.method === 'HEAD'
  if (isHead) await body?.cancel()
  const content = body === null || isHead ? undefined : Readable.fromWeb(body)
  outgoing.statusCode = status
  for (const [name, value] of headers) outgoing.appendHeader(name, value)
  if (close) outgoing.setHeader('connection', 'close')
  if (content === undefined) {
    outgoing.end()
    return
  }
  // A stream of events may send nothing for a long time, while the client waits for the status.
  outgoing.flushHeaders()
  await pipeline(content, outgoing)
}
