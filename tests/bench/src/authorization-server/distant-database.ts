import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

/** A database with the latency of another machine. */
export interface DistantDatabase extends AsyncDisposable {
  /** For `--db`. */
  readonly location: string
}

/**
 * Delays everything that is sent to a database by `milliseconds`, in order. Waiting takes no processor
 * time, so the figures show how servers share a database, not how they share a core.
 *
 * @param location - The connection string of the database, with host and port.
 */
export async function distantDatabase(
  location: string,
  milliseconds: number,
): Promise<DistantDatabase> {
  const near = new URL(location)
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (client) => {
    const database = connect({ host: near.hostname, port: Number(near.port), noDelay: true })
    for (const socket of [client, database]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        database.destroy()
      })
    }
    // Timers of the same length fire in the order in which they were set.
    client.on('data', (chunk) => void setTimeout(() => database.write(chunk), milliseconds))
    database.pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  const far = new URL(location)
  far.hostname = '127.0.0.1'
  far.port = String(address.port)
  return {
    location: far.href,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
