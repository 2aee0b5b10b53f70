import { createServer } from 'node:http'
import type { Server } from 'node:http'

/** An HTTP server on a free port of 127.0.0.1. */
export interface LoopbackServer {
  readonly server: Server
  readonly origin: string
  readonly close: () => Promise<void>
}

export async function listenOnLoopback(): Promise<LoopbackServer> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port was bound.')
  return {
    server,
    origin: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
