import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** The network between one process and a database: a TCP proxy that can break. */
export interface NetworkLine {
  /** The URL at which the process reaches the database. */
  readonly url: string
  /** Resets all connections. New connections are reset on connect. */
  cut(): void
  restore(): void
  /** Resets all connections, and leads new ones to another server. */
  redirect(target: URL): void
  /**
   * Resolves when the database has closed every connection. After a process dies, its last
   * statements have then either run or been discarded.
   */
  drained(): Promise<void>
  close(): Promise<void>
}

/** Starts a proxy to a database that listens on plain TCP. */
export async function startNetworkLine(
  firstTarget: URL,
  defaultPort: number,
): Promise<NetworkLine> {
  let target = firstTarget
  const sockets = new Set<Socket>()
  const atDatabase = new Map<Socket, Promise<void>>()
  let isCut = false

  const server = createServer((near) => {
    keep(near)
    if (isCut) {
      near.resetAndDestroy()
      return
    }
    const far = connect({
      host: target.hostname.replace(/^\[|\]$/g, ''),
      port: target.port === '' ? defaultPort : Number(target.port),
      noDelay: true,
    })
    near.setNoDelay(true)
    keep(far)
    const closed = Promise.withResolvers<void>()
    atDatabase.set(far, closed.promise)
    far.once('close', () => {
      atDatabase.delete(far)
      closed.resolve()
      near.destroy()
    })
    near.once('close', () => {
      // Statements in flight reach the database before the connection ends. Discard the answers.
      far.end()
      far.resume()
    })
    near.pipe(far)
    far.pipe(near)
  })

  function keep(socket: Socket): void {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // Broken connections are expected here. 'close' follows.
    socket.on('error', () => undefined)
  }

  function breakAll(): void {
    for (const socket of sockets) socket.resetAndDestroy()
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy has no TCP port.')
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String(address.port)

  return {
    url: url.href,
    cut() {
      isCut = true
      breakAll()
    },
    restore() {
      isCut = false
    },
    redirect(next) {
      target = next
      breakAll()
    },
    async drained() {
      while (atDatabase.size > 0) await Promise.all(atDatabase.values())
    },
    async close() {
      breakAll()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
