import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'

/** A connection that sends exactly the given bytes, and stays open. */
export interface RawRequest {
  readonly socket: Socket
  /** Resolves with the start of the response. Rejects if the connection ends without one. */
  readonly answer: () => Promise<string>
}

/**
 * Sends requests that no HTTP client sends: repeated headers, invalid targets, incomplete bodies.
 *
 * @param url - The connection goes to its port on 127.0.0.1.
 * @param lines - Request line and header lines, without the empty line after them.
 */
export function sendRaw(url: string, lines: readonly string[], body: string = ''): RawRequest {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => socket.destroy())
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`)
  const answered = firstBytes(socket)
  // An unhandled rejection must not end the process.
  answered.catch(() => undefined)
  return { socket, answer: () => answered }
}

/** Sends a complete request without a body, and returns the status of the response. */
export async function rawStatus(url: string, lines: readonly string[]): Promise<number> {
  const { socket, answer } = sendRaw(url, [...lines, 'Connection: close'])
  const status = /^HTTP\/1\.1 (\d+) /.exec(await answer())?.[1]
  socket.destroy()
  return Number(status)
}

async function firstBytes(socket: Socket): Promise<string> {
  const closed = new AbortController()
  socket.once('close', () => closed.abort())
  const [chunk] = await once(socket, 'data', { signal: closed.signal })
  return String(chunk)
}
