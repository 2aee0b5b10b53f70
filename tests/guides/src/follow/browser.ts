/** The browser of a reader: opens the page of a sign-in, and follows it back to the program. */

const maximumRedirects = 20
const authorizationUrl = /https?:\/\/[^\s"']*[?&]response_type=code[^\s"']*/g

/** The authorization URLs that a program printed. */
export function authorizationUrls(output: string): readonly string[] {
  return Array.from(output.matchAll(authorizationUrl), ([url]) => url)
}

/** Opens an authorization URL at a server that approves automatically. */
export async function openPage(url: string): Promise<void> {
  const cookies = new Map<string, string>()
  let next = url
  for (let redirects = 0; redirects < maximumRedirects; redirects += 1) {
    const { origin } = new URL(next)
    const response = await fetch(next, {
      redirect: 'manual',
      headers: { accept: 'text/html', cookie: cookieHeader(cookies, origin) },
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const separator = pair.indexOf('=')
      cookies.set(`${origin} ${pair.slice(0, separator)}`, pair.slice(separator + 1))
    }
    await response.body?.cancel()
    const location = response.headers.get('location')
    if (location === null) return
    next = new URL(location, next).href
  }
}

function cookieHeader(cookies: ReadonlyMap<string, string>, origin: string): string {
  return [...cookies]
    .filter(([key]) => key.startsWith(`${origin} `))
    .map(([key, value]) => `${key.slice(origin.length + 1)}=${value}`)
    .join('; ')
}
