import { resource } from '../server/mcp-server.ts'
import type { RunningProcess } from './client.ts'
import type { OpenPage } from './token-file.ts'

/** What a host uses of the transport of an SDK. */
export interface SdkTransport {
  send(message: object): Promise<void>
  finishAuth(redirect: URL): Promise<void>
}

/** A notification: it is sent with the same authorization as a call, and needs no handshake. */
const message = { jsonrpc: '2.0', method: 'notifications/simulated' } as const

export const resourceUrl = new URL(resource)

/**
 * A host on an SDK. When the SDK has opened the page, it waits for the user, finishes the sign-in and
 * sends the call again. After any other failure, it connects again with the next call.
 *
 * @param takePage - The page that the SDK has opened since the last call.
 */
export function sdkProcess(
  connect: () => SdkTransport,
  takePage: () => OpenPage | undefined,
): RunningProcess {
  let transport: SdkTransport | undefined

  async function attempt(): Promise<boolean> {
    transport ??= connect()
    try {
      await transport.send(message)
      return true
    } catch {
      const page = takePage()
      if (page === undefined) {
        transport = undefined
        return false
      }
      return await finish(transport, page)
    }
  }

  async function finish(connected: SdkTransport, page: OpenPage): Promise<boolean> {
    const redirect = await page.redirect
    // The user sees the error of the server. Nothing else can be done.
    if (redirect.searchParams.has('error')) return false
    try {
      await connected.finishAuth(redirect)
      await connected.send(message)
      return true
    } catch {
      takePage()
      transport = undefined
      return false
    }
  }

  return { call: attempt }
}
