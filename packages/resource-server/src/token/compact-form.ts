const characters = /^[\w-]*$/
// Two or three characters at the end have unused bits, which are zero (RFC 4648 §3.5).
const lastOfTwo = 'AQgw'
const lastOfThree = 'AEIMQUYcgkosw048'

/**
 * Whether a token is a JWS in its one compact form: three parts, each base64url without padding and unused
 * bits (RFC 7515 §2). Otherwise, one token would have several texts that all verify.
 */
export function isCompactForm(token: string): boolean {
  const parts = token.split('.', 4)
  return parts.length === 3 && parts.every((part) => isBase64url(part))
}

function isBase64url(part: string): boolean {
  const rest = part.length % 4
  const last = part.slice(-1)
  if (rest === 1) return false
  if (rest === 2 && !lastOfTwo.includes(last)) return false
  if (rest === 3 && !lastOfThree.includes(last)) return false
  return characters.test(part)
}
