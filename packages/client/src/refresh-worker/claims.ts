import type { Clock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { Claim, RecordStore } from '../stores/store.ts'
import type { RefreshWorkerEvent } from './api.ts'
import type { DueWork } from './due-work.ts'

/**
 * How long a claim keeps other workers from a grant. It is longer than a refresh takes, and short
 * enough that the grants of a killed worker are found soon.
 */
const claimSeconds = 4
/** Pause after a claim failed. */
const storePauseSeconds = 2
/** With less room than this share, the worker waits for more: one large claim costs less than many. */
const roomShare = 0.25
/** Pause after a claim of which nothing could start, because the budgets of the servers are used. */
const crowdedPauseSeconds = 0.1

/** Takes due grants from the store when there is room for them. */
export interface Claims {
  /**
   * Claims, if it is time and there is room. Waits for a claim that is under way.
   *
   * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`
   */
  advance(): Promise<void>
  /** When there is something to claim; infinity while there is no room. */
  nextEpochSeconds(): number
  /** Looks at the store with the next {@link advance}, whatever was due before. */
  soon(): void
  /** Resolves when no claim is under way. Never rejects. */
  settled(): Promise<void>
}

/** What claims need. */
export interface ClaimsOptions {
  readonly store: RecordStore
  readonly clock: Clock
  readonly work: DueWork
  readonly maximumInFlight: number
  readonly pollSeconds: number
  readonly report: (event: RefreshWorkerEvent) => void
}

export function createClaims(options: ClaimsOptions): Claims {
  const { store, clock, work, maximumInFlight, pollSeconds, report } = options
  let claimAtEpochSeconds = 0
  let claiming: Promise<void> | undefined
  /** The last claim: how many grants it took, and how many had been postponed before. */
  let last = { grants: 0, postponedBefore: 0, atEpochSeconds: 0 }

  /** Most of the last grants found no place at their servers, so others are not claimed at once. */
  function isCrowded(): boolean {
    const postponed = work.counts.postponed - last.postponedBefore
    return last.grants > 0 && postponed >= last.grants / 2
  }

  function nextClaimAt(): number {
    return isCrowded()
      ? Math.max(claimAtEpochSeconds, last.atEpochSeconds + crowdedPauseSeconds)
      : claimAtEpochSeconds
  }

  function hasRoom(): boolean {
    return work.inFlight <= maximumInFlight * (1 - roomShare)
  }

  async function claimFromStore(limit: number): Promise<Claim> {
    try {
      return await store.due.claim({ limit, claimSeconds })
    } catch (cause) {
      claimAtEpochSeconds = clock.nowEpochSeconds() + storePauseSeconds
      throw EvergrantClientError.is(cause) ? cause : storeFailed(cause)
    }
  }

  async function claim(): Promise<void> {
    const { grants, nextDueInSeconds } = await claimFromStore(maximumInFlight - work.inFlight)
    if (grants.length > 0) {
      const lateSeconds = Math.max(...grants.map((grant) => grant.lateSeconds))
      report({ type: 'refresh-worker-claimed', grants: grants.length, lateSeconds })
    }
    const now = clock.nowEpochSeconds()
    last = {
      grants: grants.length,
      postponedBefore: work.counts.postponed,
      atEpochSeconds: now,
    }
    claimAtEpochSeconds = now + Math.min(pollSeconds, nextDueInSeconds)
    work.take(grants)
  }

  return {
    async advance() {
      const isTime = hasRoom() && clock.nowEpochSeconds() >= nextClaimAt()
      if (claiming === undefined && !isTime) return
      claiming ??= claim().finally(() => {
        claiming = undefined
      })
      await claiming
    },
    nextEpochSeconds: () => (hasRoom() ? nextClaimAt() : Number.POSITIVE_INFINITY),
    soon() {
      claimAtEpochSeconds = 0
      last = { grants: 0, postponedBefore: 0, atEpochSeconds: 0 }
    },
    async settled() {
      await claiming?.catch(() => undefined)
    },
  }
}

function storeFailed(cause: unknown): EvergrantClientError {
  return new EvergrantClientError(
    'TOKEN_STORE_UNAVAILABLE',
    'The refresh worker could not read the due grants of the token store. Check that the store is reachable and writable.',
    { cause },
  )
}
