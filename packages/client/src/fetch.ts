import type { BearerChallenge } from '@evergrant/core'
import { missingScopes, readScope } from '@evergrant/core'
import { relateResource } from '@evergrant/core/metadata'
import { readChallenge, readRefusal, releaseConnection } from './fetch/refusal.ts'
import { refreshedToken, tokenIfSignedIn, tokenReplacement } from './fetch/rejected-token.ts'
import { replayableRequest } from './fetch/replayable-request.ts'
import { sendToServer } from './fetch/send-to-server.ts'
import type { AccessToken } from './grant/access-token.ts'
import type { Clock } from './lib/clock.ts'
import { systemClock } from './lib/clock.ts'
import { loadOnce } from './lib/load-once.ts'
import type { TokenReceiver } from './protocol/resource-request.ts'
import type { Session } from './session/session-api.ts'
import type { StepUp } from './session/step-up.ts'

/** Options of {@link authorizedFetch}. */
export interface AuthorizedFetchOptions {
  /** Sends the requests. Default: the `fetch` of the runtime. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** How often the user signs in for wider scope for one operation. Default 2 (C-23). */
  readonly maximumStepUps?: number | undefined
  /** Default: the clock of this machine. */
  readonly clock?: Clock | undefined
}

/** The most often that one request is sent, even if its tokens keep changing. */
const maximumRounds = 8

/**
 * A `fetch` that signs in, refreshes and widens scope when necessary, for any MCP client that accepts
 * a `fetch`.
 *
 * A token is sent only to the MCP server of the session. After a 401 or a 403 `invalid_token`, the
 * request is repeated with another token, if necessary after a sign-in, also if the MCP server now
 * names another authorization server or resource. After a 403 `insufficient_scope`, it is repeated
 * after a step-up, or after a refresh if the token has the scope. Requests are repeated with the same
 * body.
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
  const { fetch = globalThis.fetch, maximumStepUps, clock = systemClock } = options
  /** Undefined until the first step-up: few programs meet one (ADR 28). */
  let steps: StepUp | undefined
  const stepUps = loadOnce('signs in for wider scope', async () => {
    const { stepUp } = await import('./session/on-demand.ts')
    steps = stepUp(session, maximumStepUps)
    return steps
  })
  const replacement = tokenReplacement(session, clock)

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
    const replaceToken = replacement()
    let token = await tokenIfSignedIn(session, signal)
    /** The token whose proof was repeated with a nonce. Each token gets one repetition. */
    let repeatedWithNonce: string | undefined
    let hasRefreshedForScope = false
    for (let round = 1; ; round += 1) {
      const { response, fromServer } = await sendToServer(request, receiverOf(token), fetch)
      // Other servers got no token, so their refusals go to the caller.
      if (!fromServer) return response
      const isRefusal = response.status === 401 || response.status === 403
      const challenge = isRefusal ? readChallenge(response, token) : undefined
      if (rejectsToken(response, challenge)) {
        // The nonce came with this response and is part of the next proof (RFC 9449 §9).
        if (challenge?.error === 'use_dpop_nonce' && token?.value !== repeatedWithNonce) {
          await releaseConnection(response)
          repeatedWithNonce = token?.value
          continue
        }
        const refusal = await readRefusal(response, challenge, token)
        token = await replaceToken(token, refusal, signal)
        continue
      }
      if (requiresScope(response, challenge) && round <= maximumRounds) {
        await releaseConnection(response)
        // A token that has the scope may have expired or been replaced a moment ago.
        if (hasScope(token, challenge) && !hasRefreshedForScope) {
          hasRefreshedForScope = true
          const refreshed = await refreshedToken(session, token.value, signal)
          token = refreshed ?? token
          if (refreshed !== undefined) continue
        }
        token = await (await stepUps()).widen(request, token, challenge)
        continue
      }
      steps?.succeeded(request.operation)
      return response
    }
  }
}

/** RFC 6750 §3.1 requires 401 for an invalid token. Some servers answer with 403. */
function rejectsToken({ status }: Response, challenge: BearerChallenge | undefined): boolean {
  return status === 401 || (status === 403 && challenge?.error === 'invalid_token')
}

function requiresScope(
  { status }: Response,
  challenge: BearerChallenge | undefined,
): challenge is BearerChallenge {
  return status === 403 && challenge?.error === 'insufficient_scope'
}

/** Whether a token was granted every scope that a challenge names. */
function hasScope(
  token: AccessToken | undefined,
  { scope }: BearerChallenge,
): token is AccessToken {
  if (token?.scope === undefined || scope === undefined) return false
  return missingScopes(scope, readScope(token.scope).tokens).length === 0
}

/** Whether a request goes to the MCP server of the session. No other server gets its tokens (C-39). */
function isForServer(url: string, serverUrl: string): boolean {
  if (!URL.canParse(url)) return false
  // Compare the URL as it is sent: the URL parser encodes some characters.
  return relateResource(serverUrl, new URL(url).href) !== 'different'
}
