/** Encodes bytes in base64url without padding, as JOSE does (RFC 7515 §2). */
export function base64url(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCodePoint(...bytes))
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
