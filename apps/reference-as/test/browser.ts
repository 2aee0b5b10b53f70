/** A page in a browser without JavaScript. */
export interface Visited {
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The URL outside of the server that the browser was redirected to, instead of a page. */
  readonly left: URL | undefined
}

interface Cookie {
  readonly value: string
  readonly path: string
}

/** A minimal browser: cookies with paths, redirects, forms. */
export function createBrowser(origin: string) {
  const cookies = new Map<string, Cookie>()

  async function visit(target: string | URL, init: RequestInit = {}): Promise<Visited> {
    const url = new URL(target, origin)
    const headers = new Headers(init.headers)
    const sent = [...cookies]
      .filter(
        ([, { path }]) =>
          url.pathname === path || url.pathname.startsWith(path.replace(/\/?$/, '/')),
      )
      .map(([key, { value }]) => `${key.split(' ')[0]}=${value}`)
    headers.set('cookie', sent.join('; '))
    headers.set('accept', 'text/html')
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) remember(line)
    const location = response.headers.get('location')
    const text = await response.text()
    if (location === null) {
      return { url, status: response.status, headers: response.headers, text, left: undefined }
    }
    const next = new URL(location, url)
    if (next.origin === origin) return await visit(next)
    return { url, status: response.status, headers: response.headers, text: '', left: next }
  }

  function remember(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const [name = '', ...value] = pair.split('=')
    const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? '/'
    const expired = attributes.some((one) => /^expires=Thu, 01 Jan 1970/i.test(one))
    const key = `${name} ${path}`
    if (expired || value.join('=') === '') cookies.delete(key)
    else cookies.set(key, { value: value.join('='), path })
  }

  return {
    visit,
    /** Fills in and submits the form of a page. `undefined` omits a field. */
    async submit(
      page: Visited,
      fields: Record<string, string | undefined>,
      headers: Record<string, string> = {},
    ): Promise<Visited> {
      const action = /<form method="post" action="([^"]+)"/.exec(page.text)?.[1] ?? ''
      const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
      const body = new URLSearchParams()
      for (const [name, value] of Object.entries({ csrf, ...fields })) {
        if (value !== undefined) body.set(name, value)
      }
      return await visit(action, { method: 'POST', body, headers: { origin, ...headers } })
    },
    cookies: () => [...cookies.values()].map(({ value }) => value),
  }
}
