import type { BearerChallenge } from '@evergrant/core'
import {
  decideStepUp,
  formatScope,
  parseChallenges,
  readBearerChallenge,
  relateResource,
} from '@evergrant/core'
import { EvergrantClientError } from './lib/errors.ts'
import type { TokenReceiver } from './fetch/redirects.ts'
import { followRedirects } from './fetch/redirects.ts'
import type { ReplayableRequest } from './fetch/replayable-request.ts'
import { replayableRequest } from './fetch/replayable-request.ts'
import { createRedactor } from './protocol/redact-secrets.ts'
import type { Session } from './session/session-api.ts'
import type { AccessToken } from './grant/access-token.ts'

/** Settings of {@link authorizedFetch}. */
export interface AuthorizedFetchOptions {
  /** Sends the requests. Default: the runtime's `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** How often a person is asked to widen the scope for one operation. Default 2 (C-23). */
  readonly maximumStepUps?: number | undefined
}

/** However often tokens change under a request, it is not sent more often than this. */
const maximumRounds = 8

/**
 * A `fetch` that signs in, refreshes and widens scope by itself, for any MCP client that lets you
 * pass one.
 *
 * A token is sent only to the session's MCP server. A 401 is answered with another token, and a
 * sign-in where there is none; a 403 `insufficient_scope` with a step-up. Requests go out again
 * with the same body.
 *
 * Up to 5 redirects within the server are followed with the token. One that leads elsewhere, be it
 * on the same origin, is followed without any credentials, and what comes from there is returned
 * as it is. `redirect: 'manual'` and `'error'` do what they do for `fetch`. Browsers hide where a
 * redirect leads, so there it is refused: give the session the URL at which the server answers.
 *
 * @throws EvergrantClientError Every error of {@link Session.getAccessToken} and
 *   {@link Session.signIn}, and `RESOURCE_REFUSED` where a new token or a wider grant is refused
 *   like the one before, or where redirects do not end or are hidden.
 */
export function authorizedFetch(
  session: Session,
  options: AuthorizedFetchOptions = {},
): typeof globalThis.fetch {
  const { fetch = globalThis.fetch, maximumStepUps } = options
  /** Step-ups per operation since it last succeeded. */
  const stepUps = new Map<string, number>()
  let checkingServer: Promise<boolean> | undefined

  return async (input, init) => {
    const asked = input instanceof Request ? input.url : String(input)
    if (!isForServer(asked, session.serverUrl)) return await fetch(input, init)
    const request = await replayableRequest(input, init)
    const { signal } = request
    let token = await tokenOrNone(session, signal)
    let rejections = 0
    /** The token whose proof was repeated with a nonce: once is enough for each. */
    let provenAnew: string | undefined
    for (let round = 1; ; round += 1) {
      const { response, fromServer } = await followRedirects(request, receiverOf(token), fetch)
      // Others know nothing of the token: their refusals are for the caller.
      if (!fromServer) return response
      const challenge =
        response.status === 401 || response.status === 403 ? read(response, token) : undefined
      if (response.status === 401) {
        await discard(response)
        // The nonce came with this answer, and goes into the next proof (RFC 9449 §9).
        if (challenge?.error === 'use_dpop_nonce' && token?.value !== provenAnew) {
          provenAnew = token?.value
          continue
        }
        rejections += 1
        token = await afterRejection(token, challenge, rejections, signal)
        continue
      }
      const wantsMore = response.status === 403 && challenge?.error === 'insufficient_scope'
      if (wantsMore && round <= maximumRounds) {
        await discard(response)
        token = await afterInsufficientScope(request, token, challenge)
        continue
      }
      stepUps.delete(request.operation)
      return response
    }
  }

  function receiverOf(token: AccessToken | undefined): TokenReceiver {
    return {
      url: session.serverUrl,
      covers: (url) => isForServer(url, session.serverUrl),
      send: (url, init) =>
        token === undefined ? fetch(url, init) : session.send(token, url, init, fetch),
    }
  }

  async function afterRejection(
    rejected: AccessToken | undefined,
    challenge: BearerChallenge | undefined,
    rejections: number,
    signal: AbortSignal | undefined,
  ): Promise<AccessToken> {
    if (rejections > 2) {
      throw new EvergrantClientError(
        'RESOURCE_REFUSED',
        `The MCP server ${session.serverUrl} rejects an access token that was issued a moment ago. Signing in again would not help: check that it accepts this issuer and audience, and its clock.`,
      )
    }
    const rejectedAccessToken = rejected?.value
    if (rejected !== undefined && !(await serverChanged(challenge))) {
      try {
        return await session.getAccessToken({ rejectedAccessToken, signal })
      } catch (error) {
        if (!isSignInRequired(error)) throw error
      }
    }
    await session.signIn({ challenge, unusableAccessToken: rejectedAccessToken, signal })
    return await session.getAccessToken({ rejectedAccessToken, signal })
  }

  async function afterInsufficientScope(
    request: ReplayableRequest,
    token: AccessToken | undefined,
    challenge: BearerChallenge,
  ): Promise<AccessToken> {
    const decision = decideStepUp(
      {
        attempts: stepUps.get(request.operation) ?? 0,
        challengeScope: formatScope(challenge.scope ?? []),
        grantedScope: token?.scope,
      },
      { maximumAttempts: maximumStepUps },
    )
    if (decision.action === 'give-up') {
      stepUps.delete(request.operation)
      throw new EvergrantClientError(
        'RESOURCE_REFUSED',
        `The MCP server ${session.serverUrl} refuses this operation for lack of scope. ${decision.explanation}`,
      )
    }
    const { outcome } = await session.signIn({
      challenge,
      unusableAccessToken: token?.value,
      signal: request.signal,
    })
    // What counts is how often a person was asked, not how many calls waited for the answer.
    if (outcome === 'signed-in') stepUps.set(request.operation, decision.attempts)
    return await session.getAccessToken({
      rejectedAccessToken: token?.value,
      signal: request.signal,
    })
  }

  /** Asked once for all callers whose token was rejected at the same time. */
  async function serverChanged(challenge: BearerChallenge | undefined): Promise<boolean> {
    checkingServer ??= session
      .authorizationServerChanged(challenge?.resource_metadata)
      // Where the metadata cannot be read now, nothing says that it changed.
      .catch(() => false)
      .finally(() => {
        checkingServer = undefined
      })
    return await checkingServer
  }
}

/** A token, or none where a person has to sign in: the server's challenge says for what. */
async function tokenOrNone(
  session: Session,
  signal: AbortSignal | undefined,
): Promise<AccessToken | undefined> {
  try {
    return await session.getAccessToken({ signal })
  } catch (error) {
    if (isSignInRequired(error)) return undefined
    throw error
  }
}

function isSignInRequired(error: unknown): boolean {
  return EvergrantClientError.is(error) && error.code === 'SIGN_IN_REQUIRED'
}

/** The challenge, without the token it rejects: some servers echo it (C-06). */
function read(response: Response, token: AccessToken | undefined): BearerChallenge | undefined {
  const redact = createRedactor([token?.value])
  const challenges = parseChallenges(response.headers.get('www-authenticate'))
  return readBearerChallenge(
    challenges.map((challenge) => ({
      ...challenge,
      parameters: new Map([...challenge.parameters].map(([name, value]) => [name, redact(value)])),
    })),
  )
}

/** Gives the connection back. */
async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined)
}

/** Whether a request goes to the session's MCP server: nobody else ever sees its tokens (C-39). */
function isForServer(url: string, serverUrl: string): boolean {
  if (!URL.canParse(url)) return false
  // As it is sent: what the caller wrote may hold characters that the URL parser encodes.
  return relateResource(serverUrl, new URL(url).href) !== 'different'
}
