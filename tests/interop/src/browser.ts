import type { InteractiveSignIn } from '@evergrant/client'

/** Nothing listens on this port: the redirect is read, not followed. */
export const redirectUri = 'http://127.0.0.1:9/callback'

const maximumPages = 20

/** Form fields that a user would fill in, by name. */
export type FormFields = Readonly<Record<string, string>>

/** A sign-in that goes through a server's pages like a browser without scripts. */
export function signInThroughPages(fields: FormFields = {}): InteractiveSignIn {
  return {
    kind: 'interactive',
    async prepare() {
      return {
        redirectUri,
        authorize: (authorizationUrl) => walkThroughPages(authorizationUrl, fields),
        async close() {
          // There is no listener to close.
        },
      }
    },
  }
}

/**
 * Follows redirects with cookies, and submits the first form of each page with its hidden fields.
 *
 * @returns The redirect to {@link redirectUri}.
 */
export async function walkThroughPages(
  authorizationUrl: string,
  fields: FormFields = {},
): Promise<string> {
  const cookies = new Map<string, string>()
  let url = new URL(authorizationUrl)
  let submission: RequestInit = {}
  for (let page = 0; page < maximumPages; page += 1) {
    const response = await fetch(url, {
      ...submission,
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        cookie: Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; '),
      },
    })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/su)
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location !== null) {
      url = new URL(location, url)
      submission = {}
      if (url.href.startsWith(`${redirectUri}?`)) return url.href
      continue
    }
    const form = firstForm(await response.text())
    if (form === undefined) {
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
