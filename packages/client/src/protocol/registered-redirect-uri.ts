import { EvergrantClientError, quote } from '../lib/errors.ts'

/**
 * The redirect URI to use after a registration. Servers may return fewer redirect URIs than were
 * requested, or others. Then the authorization request would fail in the browser.
 *
 * @param registered - `redirect_uris` of the registration response, if it has any.
 * @throws EvergrantClientError `REGISTRATION_FAILED`
 */
export function registeredRedirectUri(
  registered: readonly string[] | undefined,
  requested: string,
  endpoint: string,
): string {
  if (registered === undefined || registered.length === 0) return requested
  if (registered.some((uri) => accepts(uri, requested))) return requested
  const shown = registered
    .slice(0, 5)
    .map((uri) => quote(uri))
    .join(', ')
  throw new EvergrantClientError(
    'REGISTRATION_FAILED',
    `The client could not be registered: ${endpoint} registered the redirect URIs ${shown} (expected ${requested}). Use one of them as the redirect URI (option redirectUri of the sign-in method, or --redirect-uri), or register a client by hand with ${requested} and configure its client ID for this issuer (option client.preRegistered, or --client-id with --issuer).`,
  )
}

/** Whether URIs are the same after normalization, without the port of a loopback address (RFC 8252 §7.3). */
function accepts(registered: string, requested: string): boolean {
  if (registered === requested) return true
  if (!URL.canParse(registered) || !URL.canParse(requested)) return false
  const [a, b] = [new URL(registered), new URL(requested)]
  if (a.protocol === 'http:' && a.hostname === b.hostname) {
    a.port = ''
    b.port = ''
  }
  return a.href === b.href
}
