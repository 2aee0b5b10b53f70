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

const decimalByte = /^(?:0|[1-9]\d{0,2})$/

/** Four decimal bytes without leading zeros, which some parsers read as octal. */
function ipv4Bytes(address: string): readonly number[] | undefined {
  const parts = address.split('.')
  if (parts.length !== 4 || !parts.every((part) => decimalByte.test(part))) return undefined
  const bytes = parts.map(Number)
  return bytes.every((byte) => byte <= 0xff) ? bytes : undefined
}

/** RFC 4291 §2.2, without a zone: an address with a zone is not global. */
function ipv6Bytes(address: string): readonly number[] | undefined {
  const halves = address.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, index) => groupBytes(half, index === halves.length - 1))
  if (head === undefined) return undefined
  if (halves.length === 1) return head.length === 16 ? head : undefined
  if (tail === undefined || head.length + tail.length > 14) return undefined
  return [...head, ...Array.from({ length: 16 - head.length - tail.length }, () => 0), ...tail]
}

/** @param isEnd - Whether the last group may be an IPv4 address. */
function groupBytes(text: string, isEnd: boolean): readonly number[] | undefined {
  if (text === '') return []
  const groups = text.split(':')
  const bytes = groups.map((group, index) => {
    if (isEnd && index === groups.length - 1 && group.includes('.')) return ipv4Bytes(group)
    if (!/^[\da-f]{1,4}$/i.test(group)) return undefined
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
  return bytes.every((group) => group !== undefined) ? bytes.flat() : undefined
}
