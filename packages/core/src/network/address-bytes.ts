const decimalByte = /^(?:0|[1-9]\d{0,2})$/

/** Four decimal bytes without leading zeros, which some parsers read as octal. */
export function ipv4Bytes(address: string): readonly number[] | undefined {
  const parts = address.split('.')
  if (parts.length !== 4 || !parts.every((part) => decimalByte.test(part))) return undefined
  const bytes = parts.map(Number)
  return bytes.every((byte) => byte <= 0xff) ? bytes : undefined
}

/** The 16 bytes of an address as in RFC 4291 §2.2, without a zone. */
export function ipv6Bytes(address: string): readonly number[] | undefined {
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
