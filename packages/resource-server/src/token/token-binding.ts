/** What a token is bound to: `undefined` for a bearer token. */
export interface TokenBinding {
  /** The SHA-256 thumbprint of a key (RFC 9449 §6.1). */
  readonly keyThumbprint: string | undefined
}

const sha256Thumbprint = /^[\w-]{43}$/

/**
 * Reads the claim `cnf` of a token.
 *
 * @returns `'unsupported'` for any binding that this package cannot check, such as a TLS client certificate
 *   (RFC 8705 §3.1). Without that check, a thief could use the token.
 * @see RFC 7800 §3.1
 */
export function readBinding(confirmation: unknown): TokenBinding | 'unsupported' {
  if (confirmation === undefined) return { keyThumbprint: undefined }
  if (typeof confirmation !== 'object' || confirmation === null) return 'unsupported'
  const entries: readonly (readonly [string, unknown])[] = Object.entries(confirmation)
  const [first] = entries
  if (first === undefined || entries.length !== 1) return 'unsupported'
  const [method, value] = first
  if (method !== 'jkt' || typeof value !== 'string' || !sha256Thumbprint.test(value)) {
    return 'unsupported'
  }
  return { keyThumbprint: value }
}
