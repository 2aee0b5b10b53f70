/**
 * Tells whether a host can only be this machine: `localhost` and names below it (RFC 6761 §6.3),
 * `127.0.0.0/8`, `::1`, and the same addresses written in IPv6. These never leave the machine, so
 * `http` is allowed there (RFC 8252 §7.3, §8.3). `0.0.0.0` and `::` are not among them: a program
 * that listens there is reachable from elsewhere.
 *
 * @param host - As in a URL or on a command line, with or without brackets.
 */
export function isLoopbackHost(host: string): boolean {
  const name = canonicalHost(host)
  return (
    /^(?:.+\.)?localhost\.?$/.test(name) ||
    name === '[::1]' ||
    (ipv4Of(name)?.startsWith('127.') ?? false)
  )
}

/**
 * Tells whether a host is one that no router leads to: loopback, the unspecified addresses (which
 * connect to this machine), or link-local. What answers there often trusts everyone who reaches it,
 * so a server elsewhere must not direct requests to it.
 *
 * A name says nothing about the addresses it resolves to; only a check where the connection is made
 * sees those.
 *
 * @param host - As in a URL or on a command line, with or without brackets.
 * @see RFC 1122 §3.2.1.3, RFC 3927 §2.7, RFC 4291 §2.5.3 and §2.5.6
 */
export function isNonRoutableHost(host: string): boolean {
  const name = canonicalHost(host)
  const ipv4 = ipv4Of(name)
  return (
    isLoopbackHost(name) ||
    name === '[::]' ||
    ipv4 === '0.0.0.0' ||
    (ipv4?.startsWith('169.254.') ?? false) ||
    /^\[fe[89ab][\da-f]:/.test(name)
  )
}

/** The spelling that the URL parser gives a host; the host itself where it is none. */
function canonicalHost(host: string): string {
  const isBareIpv6 = host.includes(':') && !host.startsWith('[')
  const url = `http://${isBareIpv6 ? `[${host}]` : host}`
  // What would end the host in a URL is no part of one.
  return /[/?#@\\]/.test(host) || !URL.canParse(url) ? host : new URL(url).hostname
}

/** The IPv4 address that a canonical host is, also where it is written in IPv6 (RFC 4291 §2.5.5.2). */
function ipv4Of(name: string): string | undefined {
  if (/^\d+(?:\.\d+){3}$/.test(name)) return name
  const [, high, low] = /^\[::ffff:([\da-f]{1,4}):([\da-f]{1,4})\]$/.exec(name) ?? []
  if (high === undefined || low === undefined) return undefined
  const bits = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.')
}
