import { BlockList, isIP } from 'node:net'

/** IANA special-purpose IPv4 blocks, and multicast: nothing a metadata document may live on. */
const specialIpv4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

/** Special-purpose blocks inside 2000::/3; everything outside of it is refused as a whole. */
const specialIpv6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
]

const refusedIpv4 = new BlockList()
for (const [network, prefix] of specialIpv4) refusedIpv4.addSubnet(network, prefix, 'ipv4')

const refusedIpv6 = new BlockList()
for (const [network, prefix] of specialIpv6) refusedIpv6.addSubnet(network, prefix, 'ipv6')

const globalUnicastIpv6 = new BlockList()
globalUnicastIpv6.addSubnet('2000::', 3, 'ipv6')

/**
 * Says whether `address` is a globally reachable unicast IP address. For IPv6 only 2000::/3 counts,
 * so that mapped, translated (NAT64, 6to4), unique local and link-local forms are all refused
 * without being listed.
 *
 * @param address - An IP address literal without brackets; anything else is not public.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !refusedIpv4.check(address, 'ipv4')
  if (family !== 6 || address.includes('%')) return false
  return globalUnicastIpv6.check(address, 'ipv6') && !refusedIpv6.check(address, 'ipv6')
}
