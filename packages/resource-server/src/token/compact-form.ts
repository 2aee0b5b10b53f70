// Groups of four characters, then two or three whose unused bits are zero (RFC 4648 §3.5).
const base64url = /^(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/

/**
 * Whether a token is a JWS in its one compact form: three parts, each base64url without padding and unused
 * bits (RFC 7515 §2). Otherwise, one token would have several texts that all verify.
 */
export function isCompactForm(token: string): boolean {
  const parts = token.split('.', 4)
  return parts.length === 3 && parts.every((part) => base64url.test(part))
}
