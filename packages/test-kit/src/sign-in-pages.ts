/** A browser without scripts: follows redirects with cookies, and submits the first form of each page. */

const maximumPages = 20

/** Form fields that a user would fill in, by name. */
export type FormFields = Readonly<Record<string, string>>

export interface WalkOptions {
  readonly fields?: FormFields | undefined
  /** A redirect there is read, not followed. Without it, the walk ends at a page without a form. */
  readonly redirectUri?: string | undefined
}

/**
 * Opens an authorization URL, and goes through the pages of the server.
 *
 * @returns The redirect to `redirectUri`, or the URL of the first page without a form.
 * @throws If `redirectUri` is given, and a page has neither a redirect nor a form.
 */
export async function walkThroughPages(
  authorizationUrl: string,
  { fields = {}, redirectUri }: WalkOptions = {},
): Promise<string> {
  const cookies = new Map<string, Map<string, string>>()
  let url = new URL(authorizationUrl)
  let submission: RequestInit = {}
  for (let page = 0; page < maximumPages; page += 1) {
    const jar = cookies.get(url.origin) ?? new Map<string, string>()
    cookies.set(url.origin, jar)
    const response = await fetch(url, {
      ...submission,
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        // A pooled connection may be one that the server is closing, because nothing used it for seconds.
        connection: 'close',
        cookie: Array.from(jar, ([name, value]) => `${name}=${value}`).join('; '),
      },
    })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/su)
      jar.set(name, value)
    }
    const location = response.headers.get('location')
    if (location !== null) {
      await response.body?.cancel()
      url = new URL(location, url)
      submission = {}
      if (redirectUri !== undefined && url.href.startsWith(`${redirectUri}?`)) return url.href
      continue
    }
    const form = firstForm(await response.text())
    if (form === undefined) {
      if (redirectUri === undefined) return url.href
      throw new Error(
        `${url.origin}${url.pathname} answered the sign-in with status ${response.status} and no form (expected a redirect or a form).`,
      )
    }
    url = new URL(form.action, url)
    submission = { method: 'POST', body: new URLSearchParams({ ...form.hidden, ...fields }) }
  }
  throw new Error(`The sign-in at ${url.origin} has more than ${maximumPages} pages.`)
}

/** Parses enough HTML for the forms of these servers. */
function firstForm(
  html: string,
): { readonly action: string; readonly hidden: Record<string, string> } | undefined {
  const form = /<form([^>]*)>(.*?)<\/form>/isu.exec(html)
  if (form === null) return undefined
  const [, attributes = '', body = ''] = form
  const hidden: Record<string, string> = {}
  for (const [input] of body.matchAll(/<input[^>]*type="hidden"[^>]*>/giu)) {
    const name = attribute(input, 'name')
    if (name !== undefined) hidden[name] = attribute(input, 'value') ?? ''
  }
  // Without an action, a form goes to the URL of its page.
  return { action: attribute(attributes, 'action') ?? '', hidden }
}

function attribute(html: string, name: string): string | undefined {
  return new RegExp(`\\s${name}="([^"]*)"`, 'iu')
    .exec(html)?.[1]
    ?.replaceAll('&quot;', '"')
    .replaceAll('&#x27;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
