import type { RefreshTokenRecord } from './refresh-token-store.ts'

/** Why a family is revoked. */
export type ReuseReason = 'successor-used' | 'grace-over' | 'successor-missing'

/** What presenting a refresh token leads to. */
export type RotationDecision =
  /** Exchange it. */
  | { readonly action: 'rotate' }
  /** It was issued a moment ago: give the same token back, with a new access token. */
  | { readonly action: 'keep' }
  /** It was presented again within the grace: give the same successor again. */
  | { readonly action: 'replay' }
  /** It was presented again after the grace, so two parties hold the family (BCP §4.14.2). */
  | { readonly action: 'revoke-family'; readonly reason: ReuseReason }
  | { readonly action: 'refuse'; readonly reason: 'unknown' | 'expired' }

/** Options of {@link decideRotation}. */
export interface RotationRuleOptions {
  /**
   * How long a superseded token is honored at most, in seconds. The first use of its successor ends
   * that earlier. Default {@link defaultGraceSeconds}. `0` turns the grace off.
   */
  readonly graceSeconds?: number | undefined
  /**
   * How long both tokens of an exchange are good, in seconds. In this time the old token leads to
   * the new one even if that was used, and the new one is given back instead of being exchanged.
   * Never longer than the grace. Keep it well below the lifetime of an access token. Default
   * {@link defaultOverlapSeconds}. `0` turns it off.
   */
  readonly overlapSeconds?: number | undefined
}

/** Long enough for a retry after a timeout or a restart, short for a token found in an old log. */
export const defaultGraceSeconds: number = 300

/** Long enough for calls that met the same expired access token to arrive one after the other. */
export const defaultOverlapSeconds: number = 10

/**
 * Decides what one presentation of a refresh token leads to.
 *
 * A response can be lost after the server has committed. The client then holds only the old token
 * and does not know about the new one. Until the successor is used for the first time, the server
 * has no proof that it arrived, so it honors the old token again and gives the same successor. The
 * first use of the successor is that proof: from then on, a presentation of the old token is theft.
 *
 * The first seconds are an exception. When several calls of one application meet the same expired
 * access token, some present the old token and some its successor, in any order. So both are good
 * for `overlapSeconds`, and both lead to the same token.
 *
 * @param presented - The stored record, or `undefined` when the token is unknown.
 * @param successor - The stored record of `presented.successorId`, if `presented` has one.
 */
export function decideRotation(
  presented: RefreshTokenRecord<unknown> | undefined,
  successor: RefreshTokenRecord<unknown> | undefined,
  nowEpochSeconds: number,
  options: RotationRuleOptions = {},
): RotationDecision {
  if (presented === undefined) return { action: 'refuse', reason: 'unknown' }
  const graceSeconds = options.graceSeconds ?? defaultGraceSeconds
  const overlapSeconds = Math.min(options.overlapSeconds ?? defaultOverlapSeconds, graceSeconds)
  const { supersededAtEpochSeconds } = presented
  if (supersededAtEpochSeconds !== undefined) {
    if (successor === undefined) return { action: 'revoke-family', reason: 'successor-missing' }
    const elapsedSeconds = nowEpochSeconds - supersededAtEpochSeconds
    if (wasUsed(successor) && !isWithin(elapsedSeconds, overlapSeconds)) {
      return { action: 'revoke-family', reason: 'successor-used' }
    }
    if (!isWithin(elapsedSeconds, graceSeconds)) {
      return { action: 'revoke-family', reason: 'grace-over' }
    }
  }
  if (nowEpochSeconds >= presented.expiresAtEpochSeconds) {
    return { action: 'refuse', reason: 'expired' }
  }
  if (supersededAtEpochSeconds !== undefined) return { action: 'replay' }
  const ageSeconds = nowEpochSeconds - presented.issuedAtEpochSeconds
  return { action: isWithin(ageSeconds, overlapSeconds) ? 'keep' : 'rotate' }
}

function wasUsed(token: RefreshTokenRecord<unknown>): boolean {
  return token.supersededAtEpochSeconds !== undefined || token.firstUsedAtEpochSeconds !== undefined
}

/** Times are whole seconds, so a window of n seconds includes the n-th, and one of 0 is empty. */
function isWithin(elapsedSeconds: number, windowSeconds: number): boolean {
  return windowSeconds > 0 && elapsedSeconds <= windowSeconds
}
