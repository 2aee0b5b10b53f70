import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** The network between one process and a database: everything between them passes through here. */
export interface NetworkLine {
  /** The database's URL, as the process is to use it. */
  readonly url: string
  /** Breaks all connections; new ones break at once. */
  cut(): void
  restore(): void
  /**
   * Resolves when the database has closed every connection of a process that died: what the
   * process had sent is carried out by then, or never will be.
   */
  drained(): Promise<void>
  close(): Promise<void>
}

/** Lays a line to a database on plain TCP. */
export async function layLine(target: URL, defaultPort: number): Promise<NetworkLine> {
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
      // What is on its way to the database arrives before the end does; answers go nowhere.
      far.end()
      far.resume()
    })
    near.pipe(far)
    far.pipe(near)
  })

  function keep(socket: Socket): void {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // A connection that breaks is what this is for; 'close' follows.
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
  if (address === null || typeof address === 'string') throw new Error('A line has no TCP port.')
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
