import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** The bytes of a request with an access token. */
export function requestWith(token: string): Buffer {
  return Buffer.from(
    `GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  )
}

/** How long a load lasts: a time, or every request once. */
export type Duration = { readonly milliseconds: number } | 'each-once'

/** What the load saw. */
export interface LoadResult {
  readonly requests: number
  readonly milliseconds: number
  readonly latenciesMilliseconds: readonly number[]
}

/** Concurrent connections. Each has one request under way. */
const connectionCount = 16

/**
 * Sends requests over keep-alive connections. Each connection waits for a response before it sends the next request. It reads
 * sockets directly, because an HTTP client costs as much as the server that is measured.
 *
 * @throws {Error} If a response is not a complete 200.
 */
export async function load(
  port: number,
  requests: readonly Buffer[],
  duration: Duration,
): Promise<LoadResult> {
  const sockets = await Promise.all(Array.from({ length: connectionCount }, () => open(port)))
  const latenciesMilliseconds: number[] = []
  let sent = 0
  const begin = performance.now()
  const endsAt = duration === 'each-once' ? Infinity : begin + duration.milliseconds
  const total = duration === 'each-once' ? requests.length : Infinity

  function nextRequest(now: number): Buffer | undefined {
    if (now >= endsAt || sent >= total) return undefined
    const request = requests[sent % requests.length]
    sent += 1
    return request
  }

  try {
    await Promise.all(sockets.map((socket) => drive(socket, nextRequest, latenciesMilliseconds)))
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  const milliseconds = performance.now() - begin
  return { requests: latenciesMilliseconds.length, milliseconds, latenciesMilliseconds }
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** Sends requests over one connection until there are no more. */
function drive(
  socket: Socket,
  nextRequest: (now: number) => Buffer | undefined,
  latenciesMilliseconds: number[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    let sentAt = 0
    let received = ''
    const send = (now: number): void => {
      const request = nextRequest(now)
      if (request === undefined) {
        resolve()
        return
      }
      sentAt = now
      socket.write(request)
    }
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      received += chunk
      if (!isComplete(received)) return
      if (!received.startsWith('HTTP/1.1 200 ')) {
        reject(new Error(`Expected status 200, got ${received.split('\r\n', 1)[0]}`))
        return
      }
      received = ''
      const now = performance.now()
      latenciesMilliseconds.push(now - sentAt)
      send(now)
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('The server closed the connection')))
    send(performance.now())
  })
}

/** Whether the text is a whole response. The servers under test send `Content-Length`. */
function isComplete(received: string): boolean {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return false
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(received)?.[1]
  return length === undefined || received.length >= end + 4 + Number(length)
}
