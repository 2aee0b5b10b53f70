import { ipv6Bytes } from './address-bytes.ts'

/**
 * Returns the network that a request comes from, as the key of a rate limit: an IPv4 address, or the
 * /64 of an IPv6 address, because one household or host usually has all of those addresses.
 *
 * @param remoteAddress - The address of the connection.
 * @param forwardedFor - The values of `X-Forwarded-For`.
 * @param trustedProxies - How many proxies are in front of the server. Each appends the address of its
 *   caller to `X-Forwarded-For`. The client can forge entries further to the left. With 0, the header
 *   is not read.
 */
export function requesterNetwork(
  remoteAddress: string,
  forwardedFor: string | readonly string[] | undefined,
  trustedProxies: number,
): string {
  if (trustedProxies === 0) return networkOf(remoteAddress)
  const forwarded = [forwardedFor ?? []].flat().join(',').split(',')
  const entries = forwarded
    .map((entry) => withoutPort(entry.trim()))
    .filter((entry) => entry !== '')
  return networkOf(entries.at(-trustedProxies) ?? entries[0] ?? remoteAddress)
}

/** Text that is not an address is a key too, and a key must not be long. */
const maximumKeyLength = 64

function networkOf(address: string): string {
  const [bare = ''] = address.split('%', 1)
  const bytes = ipv6Bytes(bare)
  if (bytes === undefined) return address.slice(0, maximumKeyLength)
  const isMappedIpv4 = bytes.slice(0, 12).join('.') === '0.0.0.0.0.0.0.0.0.0.255.255'
  if (isMappedIpv4) return bytes.slice(12).join('.')
  const groups = [0, 2, 4, 6].map((index) =>
    ((bytes[index] ?? 0) * 256 + (bytes[index + 1] ?? 0)).toString(16),
  )
  return `${groups.join(':')}::/64`
}

/** Some proxies add the port, which differs for every connection. */
function withoutPort(entry: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry
}
