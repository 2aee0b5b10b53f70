import { EvergrantClientError } from './errors.ts'
import type { HttpOptions } from './protocol/http.ts'
import { asUnavailable, boundedFetch } from './protocol/http.ts'
import type { InteractiveSignIn } from './sign-in.ts'

/** Settings of {@link headlessSignIn}. */
export interface HeadlessSignInOptions extends HttpOptions {
  /**
   * The redirect URI. Nothing needs to listen there: the redirect is read, not followed. Default
   * `http://127.0.0.1/callback`.
   */
  readonly redirectUri?: string
  /** How many redirects are followed before the sign-in is given up. Default 10. */
  readonly maximumRedirects?: number
}

/**
 * Signs in without a browser, at authorization servers that approve by themselves: it follows the
 * redirects from the authorization URL to the redirect URI, with the cookies set on the way. For
 * tests, demonstrations and machines.
 */
export function headlessSignIn(options: HeadlessSignInOptions = {}): InteractiveSignIn {
  const { redirectUri = 'http://127.0.0.1/callback', maximumRedirects = 10 } = options
  return {
    kind: 'interactive',
    async prepare() {
      return {
        redirectUri,
        authorize: (authorizationUrl, signal) =>
          followRedirects(authorizationUrl, redirectUri, maximumRedirects, { ...options, signal }),
        async close() {
          // Nothing listens.
        },
      }
    },
  }
}

async function followRedirects(
  authorizationUrl: string,
  redirectUri: string,
  maximumRedirects: number,
  options: HttpOptions,
): Promise<string> {
  const fetch = boundedFetch(options)
  const cookies = new Map<string, Map<string, string>>()
  let url = new URL(authorizationUrl)
  for (let redirects = 0; redirects <= maximumRedirects; redirects += 1) {
    const jar = cookies.get(url.origin) ?? new Map<string, string>()
    cookies.set(url.origin, jar)
    let response: Response
    try {
      response = await fetch(url.href, { headers: cookieHeader(jar) })
    } catch (error) {
      throw asUnavailable(error, 'The authorization page could not be opened')
    }
    for (const line of response.headers.getSetCookie()) keepCookie(jar, line)
    const location = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || location === null) {
      throw new EvergrantClientError(
        'SIGN_IN_FAILED',
        `The authorization server shows a page (status ${response.status}) instead of approving by itself: a person has to sign in. Sign in with a browser.`,
      )
    }
    url = new URL(location, url)
    if (url.href.split(/[?#]/)[0] === redirectUri) return url.href
  }
  throw new EvergrantClientError(
    'SIGN_IN_FAILED',
    `The authorization server redirects in circles: more than ${maximumRedirects} redirects. Sign in with a browser.`,
  )
}

function cookieHeader(jar: ReadonlyMap<string, string>): Record<string, string> {
  if (jar.size === 0) return {}
  return { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') }
}

function keepCookie(jar: Map<string, string>, line: string): void {
  const [pair = ''] = line.split(';')
  const split = pair.indexOf('=')
  if (split < 1) return
  const [name, value] = [pair.slice(0, split).trim(), pair.slice(split + 1).trim()]
  if (value === '') jar.delete(name)
  else jar.set(name, value)
}
