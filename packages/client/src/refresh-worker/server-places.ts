import type { Clock } from '../lib/clock.ts'
import { partRenewal } from './part-renewal.ts'
import type { SharedBudget } from './shared-budget.ts'

/** The places at an authorization server that this worker may use now. */
export interface ServerPlaces {
  /** How many there are. */
  readonly count: number
  /** Ends the places that were granted before. All workers together get one until the server answers. */
  serverFailed(): void
  serverAnswered(): void
  /** Asks for places for the work, if it is time. Waits for a request that is under way. */
  renew(waiting: number, running: number): Promise<void>
  /** When {@link renew} has something to do; infinity without work. */
  nextEpochSeconds(waiting: number, running: number): number
  /** Gives all places back, when no refresh is running. */
  close(): Promise<void>
}

/** What places need. */
export interface ServerPlacesOptions {
  readonly budget: SharedBudget
  readonly clock: Clock
  readonly maximumConcurrentRefreshes: number
  /** Whether the last request of any process to the server was answered. */
  readonly isHealthy: () => Promise<boolean>
  readonly onFailure: (error: unknown) => void
}

export function serverPlaces(options: ServerPlacesOptions): ServerPlaces {
  const { budget, clock, maximumConcurrentRefreshes, isHealthy, onFailure } = options
  const renewal = partRenewal(budget, clock)
  /** One request goes first, because the server failed before. */
  let probing = false
  /** The places were granted before the server failed. */
  let areOld = false
  let asking: Promise<void> | undefined

  async function ask(waiting: number, running: number): Promise<void> {
    // Another worker may have the only place, and find that the server answers.
    if (probing && (await isHealthy().catch(() => false))) probing = false
    const limit = probing ? 1 : maximumConcurrentRefreshes
    try {
      await renewal.ask(waiting, running, limit)
      // The server may have failed during the request.
      if (limit === 1 || !probing) areOld = false
    } catch (error) {
      onFailure(error)
    }
  }

  return {
    get count() {
      return areOld ? 0 : budget.granted()
    },
    serverFailed() {
      probing = true
      areOld = true
      renewal.soon()
    },
    serverAnswered() {
      probing = false
    },
    async renew(waiting, running) {
      const askAt = renewal.dueAtEpochSeconds(waiting, running)
      if (asking === undefined && askAt > clock.nowEpochSeconds()) return
      asking ??= ask(waiting, running).finally(() => {
        asking = undefined
      })
      await asking
    },
    nextEpochSeconds: (waiting, running) => renewal.dueAtEpochSeconds(waiting, running),
    async close() {
      await asking
      // A part that is not given back ends by time.
      if (budget.granted() > 0) await budget.ask(0, 0, 1).catch(() => undefined)
    },
  }
}
