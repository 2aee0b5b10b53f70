import type { RefreshTokenLifetimes } from './lifetimes.ts'
import type { RefreshTokenRecord } from './refresh-token-store.ts'
import { refreshTokenId } from './successor.ts'

/** What the first token of a family is issued with. */
export interface FirstRecordFacts<Data> {
  readonly familyId: string
  readonly data: Data
  readonly nowEpochSeconds: number
  readonly lifetimes: RefreshTokenLifetimes
  /** Shortens the family's absolute life. It never lengthens it. */
  readonly maximumLifetimeSeconds?: number | undefined
}

/** The record of the first token of a family. */
export function firstRecord<Data>(
  refreshToken: string,
  facts: FirstRecordFacts<Data>,
): RefreshTokenRecord<Data> {
  const { familyId, data, nowEpochSeconds, lifetimes, maximumLifetimeSeconds } = facts
  const familyExpiresAtEpochSeconds =
    nowEpochSeconds +
    Math.min(lifetimes.absoluteSeconds, maximumLifetimeSeconds ?? Number.POSITIVE_INFINITY)
  return {
    id: refreshTokenId(refreshToken),
    familyId,
    issuedAtEpochSeconds: nowEpochSeconds,
    expiresAtEpochSeconds: Math.min(
      nowEpochSeconds + lifetimes.idleSeconds,
      familyExpiresAtEpochSeconds,
    ),
    familyExpiresAtEpochSeconds,
    data,
  }
}
