import type { IncomingMessage } from 'node:http'
import { isLoopbackHost, requesterNetwork } from '@evergrant/core/network'

/** Tells whether an http(s) URL can only lead to this machine. `false` for text that is not a URL. */
export function isLoopbackUrl(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && /^https?:$/.test(parsed.protocol) && isLoopbackHost(parsed.hostname)
}

/**
 * The network that a request comes from.
 *
 * @param trustedProxies - How many proxies are in front of the server.
 */
export function requesterOf(request: IncomingMessage, trustedProxies: number): string {
  const { socket, headers } = request
  return requesterNetwork(socket.remoteAddress ?? '', headers['x-forwarded-for'], trustedProxies)
}
