import type { BearerChallenge } from '@evergrant/core'
import { parseChallenges, readBearerChallenge, relateResource } from '@evergrant/core'
import type { TokenReceiver } from './fetch/redirects.ts'
import { followRedirects } from './fetch/redirects.ts'
import { tokenIfSignedIn, tokenReplacement } from './fetch/rejected-token.ts'
import { replayableRequest } from './fetch/replayable-request.ts'
import { stepUp } from './fetch/step-up.ts'
import type { AccessToken } from './grant/access-token.ts'
import { createRedactor } from './protocol/redact-secrets.ts'
import type { Session } from './session/session-api.ts'

/** Options of {@link authorizedFetch}. */
export interface AuthorizedFetchOptions {
  /** Sends the requests. Default: the `fetch` of the runtime. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** How often the user signs in for wider scope for one operation. Default 2 (C-23). */
  readonly maximumStepUps?: number | undefined
}

/** The most often that one request is sent, even if its tokens keep changing. */
const maximumRounds = 8

/**
 * A `fetch` that signs in, refreshes and widens scope when necessary, for any MCP client that accepts
 * a `fetch`.
 *
 * A token is sent only to the MCP server of the session. After a 401, the request is repeated with
 * another token, if necessary after a sign-in. After a 403 `insufficient_scope`, it is repeated after
 * a step-up. Requests are repeated with the same body.
 *
 * Up to 5 redirects within the server are followed with the token. A redirect to another URL, even on
 * the same origin, is followed without credentials, and its response is returned unchanged.
 * `redirect: 'manual'` and `'error'` work as in `fetch`. Browsers hide the target of a redirect, so
 * redirects fail there: use the URL that the server answers at for the session.
 *
 * @throws EvergrantClientError Every error of {@link Session.getAccessToken} and
 *   {@link Session.signIn}. `RESOURCE_REFUSED` if the server refuses a new token or a wider grant,
 *   or if redirects do not end or are hidden.
 * @example
 * const fetch = authorizedFetch(session)
 * const response = await fetch(session.serverUrl)
 */
export function authorizedFetch(
  session: Session,
  options: AuthorizedFetchOptions = {},
): typeof globalThis.fetch {
  const { fetch = globalThis.fetch, maximumStepUps } = options
  const steps = stepUp(session, maximumStepUps)
  const replaceToken = tokenReplacement(session)

  function receiverOf(token: AccessToken | undefined): TokenReceiver {
    return {
      url: session.serverUrl,
      covers: (url) => isForServer(url, session.serverUrl),
      send: (url, init) =>
        token === undefined ? fetch(url, init) : session.send(token, url, init, fetch),
    }
  }

  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    if (!isForServer(url, session.serverUrl)) return await fetch(input, init)
    const request = await replayableRequest(input, init)
    const { signal } = request
    let token = await tokenIfSignedIn(session, signal)
    let rejections = 0
    /** The token whose proof was repeated with a nonce. Each token gets one repetition. */
    let repeatedWithNonce: string | undefined
    for (let round = 1; ; round += 1) {
      const { response, fromServer } = await followRedirects(request, receiverOf(token), fetch)
      // Other servers got no token, so their refusals go to the caller.
      if (!fromServer) return response
      const challenge =
        response.status === 401 || response.status === 403
          ? readChallenge(response, token)
          : undefined
      if (response.status === 401) {
        await releaseConnection(response)
        // The nonce came with this response and is part of the next proof (RFC 9449 §9).
        if (challenge?.error === 'use_dpop_nonce' && token?.value !== repeatedWithNonce) {
          repeatedWithNonce = token?.value
          continue
        }
        rejections += 1
        token = await replaceToken(token, challenge, rejections, signal)
        continue
      }
      const requiresScope = response.status === 403 && challenge?.error === 'insufficient_scope'
      if (requiresScope && round <= maximumRounds) {
        await releaseConnection(response)
        token = await steps.widen(request, token, challenge)
        continue
      }
      steps.succeeded(request.operation)
      return response
    }
  }
}

/** The challenge, without the token that it rejects: some servers echo it (C-06). */
function readChallenge(
  response: Response,
  token: AccessToken | undefined,
): BearerChallenge | undefined {
  const redact = createRedactor([token?.value])
  const challenges = parseChallenges(response.headers.get('www-authenticate'))
  return readBearerChallenge(
    challenges.map((challenge) => ({
      ...challenge,
      parameters: new Map([...challenge.parameters].map(([name, value]) => [name, redact(value)])),
    })),
  )
}

async function releaseConnection(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined)
}

/** Whether a request goes to the MCP server of the session. No other server gets its tokens (C-39). */
function isForServer(url: string, serverUrl: string): boolean {
  if (!URL.canParse(url)) return false
  // Compare the URL as it is sent: the URL parser encodes some characters.
  return relateResource(serverUrl, new URL(url).href) !== 'different'
}
