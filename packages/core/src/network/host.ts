/**
 * Whether a host can only be this machine: `localhost` and names below it (RFC 6761 §6.3),
 * `127.0.0.0/8`, `::1`, and IPv4-mapped forms of them. Requests to these never leave the machine, so
 * `http` is allowed (RFC 8252 §7.3, §8.3). `0.0.0.0` and `::` do not count: other machines can reach
 * a program that listens there.
 *
 * @param host - A host from a URL or a command line, with or without brackets.
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
 * Whether a host is not routable: loopback, the unspecified addresses (which connect to this
 * machine), or link-local. Services there often trust every caller, so a remote server must not
 * direct requests to them.
 *
 * This checks the text of the host, not the addresses that a name resolves to. Only a check at
 * connection time sees those.
 *
 * @param host - A host from a URL or a command line, with or without brackets.
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

/** The host as the URL parser writes it; the unchanged text if it is not a host. */
function canonicalHost(host: string): string {
  const isBareIpv6 = host.includes(':') && !host.startsWith('[')
  const url = `http://${isBareIpv6 ? `[${host}]` : host}`
  // These characters would end the host in a URL.
  return /[/?#@\\]/.test(host) || !URL.canParse(url) ? host : new URL(url).hostname
}

/** The IPv4 address of a canonical host, also from its IPv4-mapped form (RFC 4291 §2.5.5.2). */
function ipv4Of(name: string): string | undefined {
  if (/^\d+(?:\.\d+){3}$/.test(name)) return name
  const [, high, low] = /^\[::ffff:([\da-f]{1,4}):([\da-f]{1,4})\]$/.exec(name) ?? []
  if (high === undefined || low === undefined) return undefined
  const bits = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.')
}
