import type { Server } from 'node:http'
import { McpServerError } from '../errors.ts'

/**
 * Starts listening, and returns the origin.
 *
 * @throws {McpServerError} `LISTEN_FAILED`
 */
export async function listen(server: Server, port: number, host: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void => {
      const message =
        `Cannot listen on port ${port} of ${JSON.stringify(host)}: ${cause.code ?? 'error'}. ` +
        'Choose another port, or 0 for any free port.'
      reject(new McpServerError('LISTEN_FAILED', message, { cause }))
    }
    server.once('error', refuse)
    server.listen(port, host, () => {
      server.off('error', refuse)
      resolve()
    })
  })
  const address = server.address()
  const actualPort = typeof address === 'object' && address !== null ? address.port : port
  return `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`
}

/** Stops accepting connections. Resolves when the last connection has closed. */
export async function stopAccepting(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}
