import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { isLoopbackHost } from '@evergrant/core'

/** Tells whether an http(s) URL can only lead to this machine. `false` for text that is not a URL. */
export function isLoopbackUrl(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && /^https?:$/.test(parsed.protocol) && isLoopbackHost(parsed.hostname)
}

/**
 * The unit in which addresses are counted: an IPv6 address counts as its /64, because a network
 * usually has all of those addresses. An IPv4 address, also one mapped to IPv6, counts as itself.
 */
export function networkOf(address: string): string {
  const bare = address.split('%')[0] ?? ''
  // Text that is not an address is used as a key too, and a key must not be long.
  const canonical = isIP(bare) === 6 ? URL.parse(`http://[${bare}]`)?.hostname : undefined
  if (canonical === undefined) return address.slice(0, 64)
  // The URL parser gives an address its canonical spelling.
  const [head = '', tail] = canonical.slice(1, -1).split('::')
  const before = head.split(':').filter(Boolean)
  const after = (tail ?? '').split(':').filter(Boolean)
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  const groups = [...before, ...zeros, ...after]
  if (groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff') {
    const bytes = groups.slice(6).flatMap((group) => {
      const value = Number.parseInt(group, 16)
      return [Math.floor(value / 256), value % 256]
    })
    return bytes.join('.')
  }
  return `${groups.slice(0, 4).join(':')}::/64`
}

/**
 * The network that a request comes from, in the unit of {@link networkOf}.
 *
 * @param trustedProxies - How many proxies are in front of the server. Each appends the address of
 *   its caller to `X-Forwarded-For`. The client can forge entries further to the left.
 */
export function requesterOf(request: IncomingMessage, trustedProxies: number): string {
  const { remoteAddress = '' } = request.socket
  if (trustedProxies === 0) return networkOf(remoteAddress)
  const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
  const entries = forwarded.map((entry) => withoutPort(entry.trim())).filter(Boolean)
  return networkOf(entries.at(-trustedProxies) ?? entries[0] ?? remoteAddress)
}

/** Some proxies add the port, which differs for every connection. */
function withoutPort(entry: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry
}
