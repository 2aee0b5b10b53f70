/** The cookies of this process, in memory. */
export interface CookieStore {
  keep(url: string, setCookie: readonly string[]): void
  headerFor(url: string): string | undefined
}

const maximumCookies = 64
const maximumCookieCharacters = 4096

/**
 * Keeps cookies for the exact origin that set them, so that a load balancer finds the node of a
 * session again. `Domain` is ignored: no cookie goes to another host.
 */
export function cookieStore(): CookieStore {
  const byOrigin = new Map<string, Map<string, string>>()
  return {
    keep(url, setCookie) {
      if (setCookie.length === 0) return
      const { origin } = new URL(url)
      const cookies = byOrigin.get(origin) ?? new Map<string, string>()
      byOrigin.set(origin, cookies)
      for (const line of setCookie) {
        const match = /^\s*([^=;\s]+)=([^;]*)/.exec(line)
        if (match === null || line.length > maximumCookieCharacters) continue
        const [, name = '', value = ''] = match
        cookies.delete(name)
        if (!isExpired(line)) cookies.set(name, value.trim())
        const [oldest] = cookies.keys()
        if (cookies.size > maximumCookies && oldest !== undefined) cookies.delete(oldest)
      }
    },
    headerFor(url) {
      const cookies = byOrigin.get(new URL(url).origin)
      if (cookies === undefined || cookies.size === 0) return undefined
      return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    },
  }
}

/** A server removes a cookie by setting one that has expired. */
function isExpired(line: string): boolean {
  const maxAge = /;\s*max-age=(-?\d+)/i.exec(line)?.[1]
  if (maxAge !== undefined) return Number(maxAge) <= 0
  const expires = /;\s*expires=([^;]+)/i.exec(line)?.[1]
  return expires !== undefined && Date.parse(expires) < Date.now()
}
