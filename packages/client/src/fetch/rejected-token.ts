import type { AccessToken } from '../grant/access-token.ts'
import type { Clock } from '../lib/clock.ts'
import { isWithin } from '../lib/clock.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import type { Session } from '../session/session-api.ts'
import type { Refusal } from './refusal.ts'

/** Gets another token after the MCP server refused one. One request uses one such function. */
export type ReplaceToken = (
  rejected: AccessToken | undefined,
  refusal: Refusal,
  signal: AbortSignal | undefined,
) => Promise<AccessToken>

/** How often one request may be rejected before it fails. */
const maximumRejections = 2
/** How long a new token that was refused is not replaced again. */
const pauseSeconds = 60

/**
 * Refreshes a rejected token, or signs in if that is not possible or the MCP server has moved (C-42).
 * A new token that is refused, too, is an error with the server's words. For a while, calls with that
 * token repeat the error without another refresh.
 *
 * @returns A function that makes a {@link ReplaceToken} for each request. It throws
 *   `RESOURCE_REFUSED`, and the errors of {@link Session.signIn}.
 */
export function tokenReplacement(session: Session, clock: Clock): () => ReplaceToken {
  let last:
    | {
        readonly accessToken: string | undefined
        readonly atEpochSeconds: number
        readonly error: EvergrantClientError
      }
    | undefined

  async function conclude(
    rejected: AccessToken | undefined,
    refusal: Refusal,
  ): Promise<EvergrantClientError> {
    const error = await refusedByResource(session, refusal)
    last = { accessToken: rejected?.value, atEpochSeconds: clock.nowEpochSeconds(), error }
    return error
  }

  return () => {
    let rejections = 0
    let hasSignedIn = false

    return async (rejected, refusal, signal) => {
      const { challenge } = refusal
      const rejectedAccessToken = rejected?.value
      if (
        last !== undefined &&
        rejected !== undefined &&
        last.accessToken === rejectedAccessToken &&
        isWithin(clock, pauseSeconds, last.atEpochSeconds)
      ) {
        throw last.error
      }
      rejections += 1
      if (rejections > maximumRejections) throw await conclude(rejected, refusal)
      const hasMoved =
        rejected !== undefined &&
        (await session.checkBinding(challenge?.resource_metadata)) !== undefined
      if (rejected !== undefined && !hasMoved) {
        const token = await refreshedToken(session, rejected.value, signal)
        if (token !== undefined) return token
        // This request has led to a sign-in already. Another one would bring such a token again.
        if (hasSignedIn) throw await conclude(rejected, refusal)
      }
      await session.signIn({ challenge, unusableAccessToken: rejectedAccessToken, signal })
      hasSignedIn = true
      return await session.getAccessToken({ rejectedAccessToken, signal })
    }
  }
}

async function refusedByResource(
  session: Session,
  { status, words }: Refusal,
): Promise<EvergrantClientError> {
  const { identity } = await session.status()
  const from =
    identity === undefined
      ? ''
      : ` from ${quote(identity.issuer)} for the resource ${quote(identity.resource)}`
  return new EvergrantClientError(
    'RESOURCE_REFUSED',
    `The MCP server ${session.serverUrl} refuses a new access token${from}: ${words === '' ? 'it gives no reason' : words} (status ${status}). Ask its operator whether it accepts tokens of this issuer and resource, and check its clock.`,
  )
}

/** A token, or `undefined` if the user must sign in: the challenge of the server says for what. */
export async function tokenIfSignedIn(
  session: Session,
  signal: AbortSignal | undefined,
): Promise<AccessToken | undefined> {
  return await unlessSignInRequired(session.getAccessToken({ signal }))
}

/** A token other than the rejected one, or `undefined` if the user must sign in. */
export async function refreshedToken(
  session: Session,
  rejectedAccessToken: string,
  signal: AbortSignal | undefined,
): Promise<AccessToken | undefined> {
  return await unlessSignInRequired(session.getAccessToken({ rejectedAccessToken, signal }))
}

async function unlessSignInRequired(token: Promise<AccessToken>): Promise<AccessToken | undefined> {
  try {
    return await token
  } catch (error) {
    if (isSignInRequired(error)) return undefined
    throw error
  }
}

function isSignInRequired(error: unknown): boolean {
  return EvergrantClientError.is(error) && error.code === 'SIGN_IN_REQUIRED'
}
