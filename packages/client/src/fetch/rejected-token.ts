import type { BearerChallenge } from '@evergrant/core'
import type { AccessToken } from '../grant/access-token.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { Session } from '../session/session-api.ts'

/** Gets another token after a 401. */
export type ReplaceToken = (
  rejected: AccessToken | undefined,
  challenge: BearerChallenge | undefined,
  rejections: number,
  signal: AbortSignal | undefined,
) => Promise<AccessToken>

/** How often one request may be rejected before it fails. */
const maximumRejections = 2

/**
 * Refreshes a rejected token, or signs in if that is not possible.
 *
 * @throws EvergrantClientError `RESOURCE_REFUSED`, and the errors of {@link Session.signIn}
 */
export function tokenReplacement(session: Session): ReplaceToken {
  let checkingServer: Promise<boolean> | undefined

  /** Checks once for all callers whose token was rejected at the same time. */
  async function serverChanged(challenge: BearerChallenge | undefined): Promise<boolean> {
    checkingServer ??= session
      .authorizationServerChanged(challenge?.resource_metadata)
      // Unreadable metadata does not show a change.
      .catch(() => false)
      .finally(() => {
        checkingServer = undefined
      })
    return await checkingServer
  }

  return async (rejected, challenge, rejections, signal) => {
    if (rejections > maximumRejections) {
      throw new EvergrantClientError(
        'RESOURCE_REFUSED',
        `The MCP server ${session.serverUrl} rejects a new access token. Check that it accepts this issuer and audience, and check its clock. Signing in again will not help.`,
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
}

/** A token, or `undefined` if the user must sign in: the challenge of the server says for what. */
export async function tokenIfSignedIn(
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
