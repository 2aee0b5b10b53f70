import type { Clock } from '../lib/clock.ts'
import type { SharedBudget } from './shared-budget.ts'

/** Pause after the store failed to answer for a part of the budget. */
const storePauseSeconds = 2
/** How often a part of the budget is renewed. */
const renewSeconds = 2
/** How soon a worker asks for a larger part again: after it got more, and after it got no more. */
const askForMoreSeconds = 0.1
const askAgainSeconds = 0.5

/** The requests for a part in the budget of a server. */
export interface PartRenewal {
  /** When to ask the next time; infinity if there is no work and no part to give back. */
  dueAtEpochSeconds(waiting: number, running: number): number
  /**
   * Asks for places for the work. If the store fails, the part that was granted before stays until
   * its end.
   *
   * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`, `TOKEN_STORE_WRITE_FAILED`
   */
  ask(waiting: number, running: number, limit: number): Promise<void>
  /** Makes the next request due at once. */
  soon(): void
}

export function partRenewal(budget: SharedBudget, clock: Clock): PartRenewal {
  let askedAtEpochSeconds = Number.NEGATIVE_INFINITY
  let gotMore = true
  return {
    dueAtEpochSeconds(waiting, running) {
      const isUnused = waiting + running === 0 && budget.granted() === 0
      if (isUnused) return Number.POSITIVE_INFINITY
      const lacksPlaces = waiting > 0 && running >= budget.granted()
      const more = gotMore ? askForMoreSeconds : askAgainSeconds
      return askedAtEpochSeconds + (lacksPlaces ? more : renewSeconds)
    },
    async ask(waiting, running, limit) {
      askedAtEpochSeconds = clock.nowEpochSeconds()
      const before = budget.granted()
      try {
        await budget.ask(running + waiting, running, limit)
      } catch (error) {
        askedAtEpochSeconds = clock.nowEpochSeconds() + storePauseSeconds
        throw error
      } finally {
        gotMore = budget.granted() > before
      }
    },
    soon() {
      askedAtEpochSeconds = Number.NEGATIVE_INFINITY
    },
  }
}
