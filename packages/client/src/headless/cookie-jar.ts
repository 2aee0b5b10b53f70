/** The cookies of one sign-in, by origin. */
export interface CookieJar {
  /** Stores the cookie of a `Set-Cookie` header. Invalid, long and excess cookies are ignored. */
  keep(url: URL, setCookie: string, nowEpochSeconds: number): void
  /** The value of the `Cookie` header of a request; `undefined` if no cookie matches. */
  headerFor(url: URL): string | undefined
}

interface Cookie {
  readonly name: string
  readonly value: string
  readonly path: string
}

/** RFC 6265 §6.1. */
const maximumCookieLength = 4096
const maximumCookies = 50
/** The size of headers that servers and proxies accept. */
const maximumHeaderLength = 8192

/**
 * Makes an empty jar. A cookie is sent only to the origin that set it, even if it has a `Domain`. That
 * is stricter than in a browser, and a `Secure` cookie is never sent over http. `Path`, `Max-Age` and
 * `Expires` work as in RFC 6265 §5. Smaller than a library, which needs the public suffix list for
 * domain cookies.
 */
export function cookieJar(): CookieJar {
  const jars = new Map<string, Cookie[]>()
  return {
    keep(url, setCookie, nowEpochSeconds) {
      const received = parseSetCookie(url, setCookie, nowEpochSeconds)
      if (received === undefined) return
      const { cookie, expired } = received
      const others = (jars.get(url.origin) ?? []).filter(
        ({ name, path }) => name !== cookie.name || path !== cookie.path,
      )
      const kept = expired ? others : [...others, cookie]
      // The oldest cookies are removed first, as in a browser.
      jars.set(url.origin, kept.slice(-maximumCookies))
    },
    headerFor(url) {
      const pairs: string[] = []
      let length = 0
      const matching = (jars.get(url.origin) ?? []).filter(({ path }) => matches(url, path))
      // RFC 6265 §5.4: the longest path comes first.
      for (const { name, value } of matching.toSorted((a, b) => b.path.length - a.path.length)) {
        const pair = `${name}=${value}`
        length += pair.length + '; '.length
        if (length <= maximumHeaderLength) pairs.push(pair)
      }
      return pairs.length === 0 ? undefined : pairs.join('; ')
    },
  }
}

function parseSetCookie(
  url: URL,
  setCookie: string,
  nowEpochSeconds: number,
): { readonly cookie: Cookie; readonly expired: boolean } | undefined {
  // A header cannot contain control characters.
  if (setCookie.length > maximumCookieLength || /(?!\t)\p{Cc}/u.test(setCookie)) return undefined
  const [pair = '', ...rest] = setCookie.split(';')
  const split = pair.indexOf('=')
  const name = pair.slice(0, split).trim()
  if (split < 1 || name === '') return undefined
  const attributes = new Map(
    rest.map((attribute) => {
      const [key = '', ...value] = attribute.split('=')
      return [key.trim().toLowerCase(), value.join('=').trim()]
    }),
  )
  const path = attributes.get('path') ?? ''
  return {
    cookie: {
      name,
      value: pair.slice(split + 1).trim(),
      path: path.startsWith('/') ? path : defaultPath(url.pathname),
    },
    expired: hasExpired(attributes, nowEpochSeconds),
  }
}

/** Whether the header removes the cookie. Other cookies do not expire during a sign-in. */
function hasExpired(attributes: ReadonlyMap<string, string>, nowEpochSeconds: number): boolean {
  const maxAge = attributes.get('max-age') ?? ''
  // RFC 6265 §5.3: Max-Age wins.
  if (/^-?\d+$/.test(maxAge)) return Number(maxAge) <= 0
  const expires = Date.parse(attributes.get('expires') ?? '')
  return expires / 1000 <= nowEpochSeconds
}

/** RFC 6265 §5.1.4. */
function defaultPath(pathname: string): string {
  return pathname.slice(0, Math.max(1, pathname.lastIndexOf('/')))
}

function matches({ pathname }: URL, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}
