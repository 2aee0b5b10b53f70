import { readErrorWords } from '@evergrant/core'
import { isSecureEndpoint } from '@evergrant/core/network'
import { systemClock } from './lib/clock.ts'
import { EvergrantClientError, quote, quoteWords } from './lib/errors.ts'
import { cookieJar } from './headless/cookie-jar.ts'
import type { HttpOptions } from './protocol/http.ts'
import { boundedFetch, parseJson } from './protocol/http.ts'
import { asUnavailable } from './protocol/unavailable.ts'
import { refuseLocalTarget } from './protocol/local-targets.ts'
import { createRedactor } from './protocol/redact-secrets.ts'
import type { InteractiveSignIn } from './session/sign-in-method.ts'

/** Options of {@link headlessSignIn}. */
export interface HeadlessSignInOptions extends HttpOptions {
  /**
   * The redirect URI. No server needs to listen there, because the redirect is read and not followed.
   * Default `http://127.0.0.1/callback`.
   */
  readonly redirectUri?: string
  /** How many redirects are followed before the sign-in fails. Default 10. */
  readonly maximumRedirects?: number
}

/**
 * Signs in without a browser at auto-approving authorization servers, for tests, demonstrations and
 * unattended machines. It follows the redirects from the authorization URL to the redirect URI, with
 * the cookies that servers set on the way.
 *
 * Each redirect must lead to https, or to http on a loopback host. A server that is not on this
 * machine cannot redirect to this machine or to link-local addresses, except to the redirect URI,
 * which is not fetched.
 *
 * @throws EvergrantClientError `INVALID_OPTION` for a `redirectUri` that is not a URL. `authorize`
 *   rejects with `SIGN_IN_FAILED` if a server redirects to a URL that is not allowed, or does not
 *   redirect, and with `TEMPORARILY_UNAVAILABLE` if a server does not answer.
 * @example
 * const session = createSession(url, { ...options, signIn: headlessSignIn() })
 */
export function headlessSignIn(options: HeadlessSignInOptions = {}): InteractiveSignIn {
  const { redirectUri = 'http://127.0.0.1/callback', maximumRedirects = 10 } = options
  if (!URL.canParse(redirectUri)) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The redirect URI cannot be used: ${quote(redirectUri)} (expected an absolute URL). Correct the option "redirectUri".`,
    )
  }
  const redirectTarget = new URL(redirectUri)
  return {
    kind: 'interactive',
    async prepare() {
      return {
        redirectUri,
        authorize: (authorizationUrl, signal) =>
          followRedirects(authorizationUrl, redirectTarget, maximumRedirects, {
            ...options,
            signal,
          }),
        async close() {
          // No server listens.
        },
      }
    },
  }
}

async function followRedirects(
  authorizationUrl: string,
  redirectUri: URL,
  maximumRedirects: number,
  options: HttpOptions,
): Promise<string> {
  const fetch = boundedFetch(options)
  const cookies = cookieJar()
  if (!isSecureEndpoint(authorizationUrl)) {
    throw signInFailed(
      'the authorization URL cannot be opened (expected an https URL without user name, or http on a loopback host)',
    )
  }
  let url = new URL(authorizationUrl)
  for (let redirects = 0; redirects <= maximumRedirects; redirects += 1) {
    const cookie = cookies.headerFor(url)
    let response: Response
    try {
      response = await fetch(url.href, cookie === undefined ? {} : { headers: { cookie } })
    } catch (error) {
      throw asUnavailable(error, 'The authorization page could not be opened')
    }
    const now = systemClock.nowEpochSeconds()
    for (const line of response.headers.getSetCookie()) cookies.keep(url, line, now)
    const location = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || location === null) {
      throw signInFailed(
        response.status >= 400
          ? `${url.origin}${url.pathname} answered with ${await describeRefusal(response, authorizationUrl)} (expected a redirect)`
          : `${url.origin} shows a page (status ${response.status}) instead of redirecting: the user must sign in or approve`,
      )
    }
    const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined
    if (target === undefined) throw refusedRedirect(url, 'something that is not a URL')
    if (isSameEndpoint(target, redirectUri)) return target.href
    if (!isSecureEndpoint(target.href)) throw refusedRedirect(url, originOf(target))
    refuseLocalTarget(
      { who: 'authorization server', url: url.origin },
      target.origin,
      'redirect target',
      'SIGN_IN_FAILED',
    )
    url = target
  }
  throw signInFailed(
    `more than ${maximumRedirects} redirects, and none to the redirect URI (the last one was to ${url.origin})`,
  )
}

/** The status and type of an error page, and what it says in JSON. */
async function describeRefusal(response: Response, authorizationUrl: string): Promise<string> {
  // Servers echo what they received (C-06).
  const redact = createRedactor([new URL(authorizationUrl).searchParams.get('state')])
  const type = quote(response.headers.get('content-type') ?? 'no content type', 60)
  const { error, description } = readErrorWords(parseJson(await response.text()))
  const words = quoteWords(error && redact(error), description && redact(description))
  return `status ${response.status} and ${type}${words === '' ? '' : ` (${words})`}`
}

/** Whether a redirect is the authorization response: the redirect URI with parameters. */
function isSameEndpoint(target: URL, redirectUri: URL): boolean {
  return (
    target.protocol === redirectUri.protocol &&
    target.host === redirectUri.host &&
    target.pathname === redirectUri.pathname &&
    target.username === '' &&
    target.password === ''
  )
}

/** The part of a URL for messages: the rest may contain a code, a state or a password. */
function originOf({ origin, protocol }: URL): string {
  return origin === 'null' ? `a URL that starts with ${protocol}` : origin
}

function refusedRedirect(from: URL, to: string): EvergrantClientError {
  return signInFailed(
    `${from.origin} redirects to ${to} (expected the redirect URI, an https URL without user name, or http on a loopback host)`,
  )
}

function signInFailed(found: string): EvergrantClientError {
  return new EvergrantClientError(
    'SIGN_IN_FAILED',
    `The sign-in without a browser failed: ${found}. Sign in with a browser.`,
  )
}
