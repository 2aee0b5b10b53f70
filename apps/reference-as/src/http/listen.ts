import type { Server } from 'node:http'
import { isLoopbackHost } from '@evergrant/core/network'
import { ReferenceServerError } from '../errors.ts'

/**
 * Starts listening, and returns the URL.
 *
 * @throws {@link ReferenceServerError} `LISTEN_FAILED`
 */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: Error) => {
      reject(
        new ReferenceServerError(
          'LISTEN_FAILED',
          `Cannot listen on ${host} port ${port}: ${cause.message}. Choose another --port, or ` +
            '--port 0 for any free port.',
          { cause },
        ),
      )
    }
    server.once('error', refuse)
    server.listen(port, host, () => {
      server.off('error', refuse)
      resolve()
    })
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('expected a TCP address')
  const name = isLoopbackHost(host) && !host.includes(':') ? host : address.address
  return `http://${name.includes(':') ? `[${name}]` : name}:${address.port}`
}

/** Stops accepting connections. Running requests get five seconds to finish. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), 5000).unref()
  })
}
