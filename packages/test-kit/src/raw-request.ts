import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'

/** A connection that sends exactly the given bytes, and keeps its side open. */
export interface RawRequest {
  readonly socket: Socket
  /** The start of the answer; rejects where the connection ends without one. */
  readonly answer: () => Promise<string>
}

/**
 * Sends what no HTTP client sends: repeated headers, odd targets, bodies that stop.
 *
 * @param url - Its port on 127.0.0.1 is connected to.
 * @param lines - Request line and header lines; the empty line after them is added.
 */
export function sendRaw(url: string, lines: readonly string[], body: string = ''): RawRequest {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => socket.destroy())
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`)
  const answered = firstBytes(socket)
  // Awaited or not, it must not end the process.
  answered.catch(() => undefined)
  return { socket, answer: () => answered }
}

/** Sends a complete request without a body, and gives the status of its answer. */
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
