import type { SignInRefusal } from '@evergrant/core/authorization'
import { readAuthorizationAnswer } from '@evergrant/core/authorization'
import * as oauth from 'oauth4webapi'
import type { HttpOptions } from './http.ts'
import { boundedFetch, NoAnswerError } from './http.ts'

/** The user waits for the page, so a slow server is not waited for. */
const timeoutMilliseconds = 5000
const maximumBodyBytes = 65_536

/** The URL of such a request can be used once, so it must be left for the browser. */
const oneTimeParameters = ['request_uri', 'request']

/**
 * Asks the authorization endpoint whether it accepts the client, before the browser opens. A page with
 * an error in the user's browser is invisible to this program, and the sign-in would wait until it
 * times out.
 *
 * The request has its own `state` and PKCE challenge, whose verifier is dropped. A server that approves
 * without a user issues a code that cannot be exchanged, and the request for the browser stays unused.
 * Using that code would sign the user in without any page. Sending the real request twice could make
 * the second one fail.
 *
 * No cookies are sent, no redirects are followed, and no answer counts as no refusal.
 *
 * @param authorizationUrl - The URL that the browser will open. It is not requested.
 */
export async function preflightAuthorization(
  authorizationUrl: string,
  options: HttpOptions,
): Promise<SignInRefusal | undefined> {
  const url = new URL(authorizationUrl)
  if (oneTimeParameters.some((name) => url.searchParams.has(name))) return undefined
  url.searchParams.set('state', oauth.generateRandomState())
  url.searchParams.set(
    'code_challenge',
    await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier()),
  )
  const { requestTimeoutMilliseconds = timeoutMilliseconds } = options
  const fetch = boundedFetch({
    ...options,
    maximumBodyBytes,
    requestTimeoutMilliseconds: Math.min(requestTimeoutMilliseconds, timeoutMilliseconds),
  })
  try {
    const response = await fetch(url.href, {
      headers: { accept: 'text/html, application/json;q=0.9, */*;q=0.8' },
      credentials: 'omit',
    })
    const { status, headers } = response
    const target = redirectTarget(headers.get('location'), url)
    return readAuthorizationAnswer({
      status,
      contentType: headers.get('content-type'),
      redirectError: target?.searchParams.get('error') ?? undefined,
      redirectErrorDescription: target?.searchParams.get('error_description') ?? undefined,
      body: await response.text(),
    })
  } catch (error) {
    if (error instanceof NoAnswerError) return undefined
    throw error
  }
}

function redirectTarget(location: string | null, from: URL): URL | undefined {
  if (location === null || !URL.canParse(location, from.href)) return undefined
  return new URL(location, from)
}
