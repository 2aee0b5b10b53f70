import type { GrantExpiry, TokenSet } from '@evergrant/core'

/** How long before a grant ends a warning is sent: seven days, three days, one day. */
const thresholdsSeconds = [604_800, 259_200, 86_400]

/** When a grant ends soon, and a refresh does not extend it (C-58). */
export interface NearExpiry {
  readonly expires: 'refresh-token' | 'authorization'
  readonly expiry: GrantExpiry
  /** The smallest threshold that the remaining time is within. */
  readonly thresholdSeconds: number
}

/** When a grant ends, if that is soon and certain. */
export function nearExpiry(tokenSet: TokenSet, nowEpochSeconds: number): NearExpiry | undefined {
  const ends = [
    { expires: 'refresh-token', expiry: tokenSet.refreshTokenExpiry },
    { expires: 'authorization', expiry: tokenSet.authorizationExpiry },
  ] as const
  const near = ends.flatMap(({ expires, expiry }) => {
    if (expiry?.isFixed !== true) return []
    const remainingSeconds = expiry.atEpochSeconds - nowEpochSeconds
    const thresholdSeconds = thresholdsSeconds.findLast((one) => remainingSeconds <= one)
    return thresholdSeconds === undefined ? [] : [{ expires, expiry, thresholdSeconds }]
  })
  return near.toSorted((one, other) => one.expiry.atEpochSeconds - other.expiry.atEpochSeconds)[0]
}

/**
 * The threshold that a grant has passed, for its record. All processes over a store share it, so each
 * warning is sent once.
 */
export function passedThreshold(
  tokenSet: TokenSet,
  nowEpochSeconds: number,
): { readonly warnedThresholdSeconds?: number } {
  const near = nearExpiry(tokenSet, nowEpochSeconds)
  return near === undefined ? {} : { warnedThresholdSeconds: near.thresholdSeconds }
}
