import type { TokenSet } from './token-response.ts'

/** When a token counts as due or expired. The defaults suit most servers. */
export interface RefreshTimingOptions {
  /** Maximum time before expiry at which a refresh starts. Default 300. */
  readonly maximumAheadSeconds?: number | undefined
  /** Fraction of the lifetime before expiry at which a refresh starts. Default 0.2. */
  readonly aheadFraction?: number | undefined
  /**
   * How far the resource server's clock may be ahead of this machine's. A token this close to its
   * expiry counts as expired if it can be refreshed. Default 120, but at most a tenth of the lifetime.
   */
  readonly clockSkewSeconds?: number | undefined
  /**
   * Any constant number per record, such as a hash of its key. It shifts the time at which the
   * record's refresh is due, so that records of the same age do not refresh at the same time.
   * Default 0.
   */
  readonly jitterKey?: number | undefined
}

/** What to do with an access token now. */
export interface RefreshTiming {
  /**
   * - `fresh`: use it.
   * - `refresh-in-background`: use it, and refresh concurrently.
   * - `expired`: do not use it; refresh first.
   * - `unknown-expiry`: use it until it is rejected.
   */
  readonly action: 'fresh' | 'refresh-in-background' | 'expired' | 'unknown-expiry'
  readonly reason:
    | 'not-due'
    | 'due'
    | 'expired'
    | 'within-clock-skew'
    | 'clock-went-back'
    | 'no-refresh-token'
    | 'no-lifetime-given'
  /** When a refresh is due; `undefined` if the lifetime is unknown or there is no refresh token. */
  readonly refreshDueAtEpochSeconds: number | undefined
}

/** The fraction of the margin that jitter can remove. */
const jitterShare = 0.25
/** A clock further behind the time of issue was set back. Less is measurement noise. */
const clockNoiseSeconds = 5

/**
 * Returns how many seconds before expiry a refresh starts: the smallest of `maximumAheadSeconds`,
 * `aheadFraction` of the lifetime and half the lifetime, minus up to a quarter of it as jitter. With a
 * fixed margin, every call would refresh if tokens lived shorter than the margin.
 */
export function refreshAheadSeconds(
  lifetimeSeconds: number,
  options: RefreshTimingOptions = {},
): number {
  const lifetime = Math.max(lifetimeSeconds, 0)
  const margin = Math.min(
    Math.max(options.maximumAheadSeconds ?? 300, 0),
    lifetime * Math.max(options.aheadFraction ?? 0.2, 0),
    lifetime / 2,
  )
  return margin * (1 - jitterShare * unitFraction(options.jitterKey ?? 0))
}

/**
 * Decides what to do with an access token now (C-55). Without a refresh token, only the user can get
 * another one, so the token is used until it expires (C-05).
 *
 * @example
 * ```ts
 * const tokenSet = { issuedAtEpochSeconds: 0, expiresAtEpochSeconds: 1000, refreshToken: 'r' }
 * decideRefresh(tokenSet, 790).action // 'fresh'
 * decideRefresh(tokenSet, 810).action // 'refresh-in-background'
 * decideRefresh(tokenSet, 1000).action // 'expired'
 * ```
 *
 * @param tokenSet - Times in epoch seconds. Fractions are allowed, for lifetimes of a few seconds.
 * @param nowEpochSeconds - The wall clock. Timers stop while a laptop sleeps.
 * @see RFC 6749 §5.1 (`expires_in` is RECOMMENDED, so it may be absent)
 */
export function decideRefresh(
  tokenSet: Pick<TokenSet, 'expiresAtEpochSeconds' | 'issuedAtEpochSeconds' | 'refreshToken'>,
  nowEpochSeconds: number,
  options: RefreshTimingOptions = {},
): RefreshTiming {
  const { expiresAtEpochSeconds, issuedAtEpochSeconds, refreshToken } = tokenSet
  if (expiresAtEpochSeconds === undefined) {
    return {
      action: 'unknown-expiry',
      reason: 'no-lifetime-given',
      refreshDueAtEpochSeconds: undefined,
    }
  }
  if (refreshToken === undefined) {
    return nowEpochSeconds >= expiresAtEpochSeconds
      ? { action: 'expired', reason: 'expired', refreshDueAtEpochSeconds: undefined }
      : { action: 'fresh', reason: 'no-refresh-token', refreshDueAtEpochSeconds: undefined }
  }
  const lifetime = Math.max(expiresAtEpochSeconds - issuedAtEpochSeconds, 0)
  const refreshDueAtEpochSeconds = expiresAtEpochSeconds - refreshAheadSeconds(lifetime, options)
  const decided = (
    action: RefreshTiming['action'],
    reason: RefreshTiming['reason'],
  ): RefreshTiming => ({ action, reason, refreshDueAtEpochSeconds })

  if (nowEpochSeconds >= expiresAtEpochSeconds) return decided('expired', 'expired')
  const skew = Math.min(Math.max(options.clockSkewSeconds ?? 120, 0), lifetime / 10)
  if (nowEpochSeconds >= expiresAtEpochSeconds - skew) {
    return decided('expired', 'within-clock-skew')
  }
  // With a clock before the time of issue, the age is unknown: the token may have expired.
  if (nowEpochSeconds < issuedAtEpochSeconds - clockNoiseSeconds) {
    return decided('refresh-in-background', 'clock-went-back')
  }
  return nowEpochSeconds >= refreshDueAtEpochSeconds
    ? decided('refresh-in-background', 'due')
    : decided('fresh', 'not-due')
}

/** Maps any number to [0, 1), neighbors far apart (the finalizer of MurmurHash3). */
function unitFraction(key: number): number {
  let hash = Math.trunc(key) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
