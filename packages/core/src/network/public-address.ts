import { ipv4Bytes, ipv6Bytes } from './address-bytes.ts'

type Block = readonly [network: readonly number[], prefixBits: number]

/**
 * IANA special-purpose IPv4 blocks, and multicast.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const specialIpv4: readonly Block[] = [
  [[0], 8],
  [[10], 8],
  [[100, 64], 10],
  [[127], 8],
  [[169, 254], 16],
  [[172, 16], 12],
  [[192, 0, 0], 24],
  [[192, 0, 2], 24],
  [[192, 31, 196], 24],
  [[192, 52, 193], 24],
  [[192, 88, 99], 24],
  [[192, 168], 16],
  [[192, 175, 48], 24],
  [[198, 18], 15],
  [[198, 51, 100], 24],
  [[203, 0, 113], 24],
  [[224], 4],
  [[240], 4],
]

/** Every address outside this block is refused. */
const globalUnicastIpv6: Block = [[0x20], 3]

/** Special-purpose blocks inside {@link globalUnicastIpv6}. */
const specialIpv6: readonly Block[] = [
  [[0x20, 0x01], 23],
  [[0x20, 0x01, 0x0d, 0xb8], 32],
  [[0x20, 0x02], 16],
  [[0x26, 0x20, 0x00, 0x4f, 0x80, 0x00], 48],
  [[0x3f, 0xff], 20],
]

/**
 * Whether `address` is a globally reachable unicast IP address. For IPv6, only 2000::/3 counts, which
 * excludes mapped, translated (NAT64, 6to4), unique local and link-local forms.
 *
 * @param address - An IP address without brackets. Other text is not public.
 */
export function isPublicAddress(address: string): boolean {
  const ipv4 = ipv4Bytes(address)
  if (ipv4 !== undefined) return !specialIpv4.some((block) => isWithin(ipv4, block))
  // An address with a zone is not global, and has no bytes here.
  const ipv6 = ipv6Bytes(address)
  if (ipv6 === undefined || !isWithin(ipv6, globalUnicastIpv6)) return false
  return !specialIpv6.some((block) => isWithin(ipv6, block))
}

function isWithin(address: readonly number[], [network, prefixBits]: Block): boolean {
  return address.every((byte, index) => {
    const bits = Math.min(Math.max(prefixBits - index * 8, 0), 8)
    const mask = (0xff << (8 - bits)) & 0xff
    return (byte & mask) === ((network[index] ?? 0) & mask)
  })
}
