import type { TokenSet } from './token-response.ts'

/** When a token counts as due and as expired. All have defaults that suit most servers. */
export interface RefreshTimingOptions {
  /** Longest time before expiry at which a refresh starts. Default 300. */
  readonly maximumAheadSeconds?: number | undefined
  /** Share of the token's lifetime at which a refresh starts before expiry. Default 0.2. */
  readonly aheadFraction?: number | undefined
  /**
   * How far the resource server's clock may be ahead of ours. A token this close to its expiry
   * counts as expired. Default 120; never more than a tenth of the lifetime is used.
   */
  readonly clockSkewSeconds?: number | undefined
  /**
   * Any number that stays the same for one record, such as a hash of its key. It moves the moment
   * at which the record's refresh is due, so that records of one age do not refresh at one moment.
   * Default 0.
   */
  readonly jitterKey?: number | undefined
}

/** What to do with an access token now. */
export interface RefreshTiming {
  /**
   * - `fresh`: use it.
   * - `refresh-in-background`: use it, and refresh meanwhile.
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
    | 'no-lifetime-given'
  /** When a refresh is due; `undefined` where the lifetime is not known. */
  readonly refreshDueAtEpochSeconds: number | undefined
}

/** The part of the margin that jitter may take away. */
const jitterShare = 0.25
/** A clock this far behind the moment of issue was set back; less is measuring noise. */
const clockNoiseSeconds = 5

/**
 * How long before expiry the refresh of a token with this lifetime starts, in seconds: the smaller
 * of `maximumAheadSeconds` and `aheadFraction` of the lifetime, less up to a quarter of that as
 * jitter, and never more than half the lifetime. A fixed margin would make every call refresh when
 * tokens live for less than the margin.
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
 * Decides what to do with an access token now (C-55).
 *
 * @param tokenSet - Times are epoch seconds; fractions are welcome, lifetimes of 2 s exist.
 * @param nowEpochSeconds - The wall clock, not a timer: a timer sleeps with the laptop.
 * @see RFC 6749 §5.1 (`expires_in` is RECOMMENDED, so it may be absent)
 */
export function decideRefresh(
  tokenSet: Pick<TokenSet, 'expiresAtEpochSeconds' | 'issuedAtEpochSeconds'>,
  nowEpochSeconds: number,
  options: RefreshTimingOptions = {},
): RefreshTiming {
  const { expiresAtEpochSeconds, issuedAtEpochSeconds } = tokenSet
  if (expiresAtEpochSeconds === undefined) {
    return {
      action: 'unknown-expiry',
      reason: 'no-lifetime-given',
      refreshDueAtEpochSeconds: undefined,
    }
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
  // Before its own issue a token's age is unknown: it may be long expired on the server.
  if (nowEpochSeconds < issuedAtEpochSeconds - clockNoiseSeconds) {
    return decided('refresh-in-background', 'clock-went-back')
  }
  return nowEpochSeconds >= refreshDueAtEpochSeconds
    ? decided('refresh-in-background', 'due')
    : decided('fresh', 'not-due')
}

/** Spreads any number over [0, 1), neighbours far apart (the finaliser of MurmurHash3). */
function unitFraction(key: number): number {
  let hash = Math.trunc(key) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
