import type { Clock } from '../lib/clock.ts'
import { isWithin } from '../lib/clock.ts'
import type { RefreshOutcome } from './refresh-outcome.ts'

type Refusal = Extract<RefreshOutcome, { kind: 'refused' }>

/** How long this process does not repeat a request that the server refuses as wrong. */
const pauseSeconds = 10

/** Remembers that the server refused a refresh request as wrong. */
export interface RecentRefusal {
  /** Notes an outcome: a refusal is remembered, and any other outcome clears it. */
  note(outcome: RefreshOutcome): void
  /** The refusal of the last seconds, if the same refresh token would be sent again. */
  of(refreshToken: string | undefined): Refusal | undefined
}

export function recentRefusal(clock: Clock): RecentRefusal {
  let last: { readonly outcome: Refusal; readonly atEpochSeconds: number } | undefined
  return {
    note(outcome) {
      if (outcome.kind !== 'refused') last = undefined
      else if (outcome !== last?.outcome) {
        last = { outcome, atEpochSeconds: clock.nowEpochSeconds() }
      }
    },
    of(refreshToken) {
      if (last === undefined) return undefined
      const sent = last.outcome.stored.grant.tokenSet?.refreshToken
      const isSame = sent === refreshToken
      return isSame && isWithin(clock, pauseSeconds, last.atEpochSeconds) ? last.outcome : undefined
    },
  }
}
