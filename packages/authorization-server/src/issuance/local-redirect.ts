import { isLoopbackHost } from '@evergrant/core/network'

/**
 * Tells whether an authorization response goes to a program on the user's machine: to a loopback
 * redirect URI, or to a private-use scheme such as `com.example.app:/callback`. Any program on that
 * machine can claim either, so neither identifies the program. Only `https` and `http` URLs of other
 * hosts lead elsewhere. Text that is not a URL counts as local, which is the stricter answer.
 *
 * @param redirectUri - The `redirect_uri` of one authorization request, not what is registered: a
 *   client can register any number of URIs that it never uses.
 * @see RFC 8252 §7.1, §7.3, §8.6
 */
export function isLocalRedirectUri(redirectUri: string): boolean {
  const url = URL.parse(redirectUri)
  if (url === null || !/^https?:$/.test(url.protocol)) return true
  return isLoopbackHost(url.hostname)
}
