import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { isLoopbackHost } from '@evergrant/core'

/** Tells whether an http(s) URL can only lead to this machine; `false` for what is not a URL. */
export function isLoopbackUrl(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && /^https?:$/.test(parsed.protocol) && isLoopbackHost(parsed.hostname)
}

/**
 * What an address counts as where addresses are counted: an IPv6 address as its /64, because whoever
 * has one of those has all of them; an IPv4 address, also one written in IPv6, as itself.
 */
export function networkOf(address: string): string {
  const bare = address.split('%')[0] ?? ''
  // Text that is not an address serves as a key all the same, and a key must not be long.
  const canonical = isIP(bare) === 6 ? URL.parse(`http://[${bare}]`)?.hostname : undefined
  if (canonical === undefined) return address.slice(0, 64)
  // Parsed as a host, an address gets its one canonical spelling.
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
 * The network that a request comes from, as {@link networkOf} counts it.
 *
 * @param trustedProxies - How many proxies stand in front. Each appends the address of its caller to
 *   `X-Forwarded-For`; entries further left can be made up by the client.
 */
export function requesterOf(request: IncomingMessage, trustedProxies: number): string {
  const { remoteAddress = '' } = request.socket
  if (trustedProxies === 0) return networkOf(remoteAddress)
  const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
  const entries = forwarded.map((entry) => withoutPort(entry.trim())).filter(Boolean)
  return networkOf(entries.at(-trustedProxies) ?? entries[0] ?? remoteAddress)
}

/** Some proxies add the port, which differs with every connection. */
function withoutPort(entry: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry
}
