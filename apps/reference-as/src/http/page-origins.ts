/**
 * Whether a page of this origin is where an authorization response goes: the origin of one of the
 * redirect URIs. The scripts of such a page may register, redeem codes, refresh and revoke.
 */
export function isRedirectOrigin(origin: string, redirectUris: unknown): boolean {
  if (!isWebOrigin(origin) || !Array.isArray(redirectUris)) return false
  return redirectUris.some(
    (uri: unknown) => typeof uri === 'string' && URL.parse(uri)?.origin === origin,
  )
}

/** Not `null`, which private-use schemes have, and pages that hide their origin. */
export function isWebOrigin(origin: string): boolean {
  return /^https?:\/\//.test(origin) && URL.parse(origin)?.origin === origin
}
