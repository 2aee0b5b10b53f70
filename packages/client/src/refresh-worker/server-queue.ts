import type { Clock } from '../lib/clock.ts'
import type { WaitingGrant } from './due-grant.ts'
import { partRenewal } from './part-renewal.ts'
import { postponements } from './postponements.ts'
import type { ServerLimits } from './request-pace.ts'
import { requestPace } from './request-pace.ts'
import type { SharedBudget } from './shared-budget.ts'

/**
 * How many grants wait in memory for each place in the budget. Others are better found by another
 * worker.
 */
const queuedForEachPlace = 2

/** What a queue needs. */
export interface ServerQueueOptions {
  readonly budget: SharedBudget
  readonly limits: ServerLimits
  readonly clock: Clock
  readonly random: () => number
  readonly onFailure: (issuer: string, error: unknown) => void
  /** Starts the refresh of a grant. */
  readonly start: (grant: WaitingGrant, queue: ServerQueue) => void
  /** Whether the last request of any process to this server was answered. */
  readonly isHealthy: (issuer: string) => Promise<boolean>
  /** Makes a grant due again later. */
  readonly postpone: (grant: WaitingGrant, seconds: number) => void
}

/** The due grants of one authorization server in this worker. */
export interface ServerQueue {
  readonly issuer: string
  readonly waiting: number
  readonly running: number
  readonly pausedUntilEpochSeconds: number
  /** Whether one request goes first, because the server failed before. */
  readonly probing: boolean
  add(grant: WaitingGrant): void
  /** A refresh that `start` started has ended. */
  ended(durationSeconds: number): void
  /** Starts no refresh for a while, and then one at a time until the server answers. */
  pause(seconds: number): void
  /** The server answers again. */
  answered(): void
  /** Starts what may start, and renews the part of the budget. */
  advance(): Promise<void>
  /** When {@link advance} has something to do again; infinity if nothing is under way. */
  nextEpochSeconds(): number
  /** Starts nothing more, and gives back the grants that wait. */
  drain(): void
  /** Gives back the part of the budget, when no refresh is running. */
  close(): Promise<void>
}

export function serverQueue(issuer: string, options: ServerQueueOptions): ServerQueue {
  const { budget, limits, clock, random } = options
  let waiting: WaitingGrant[] = []
  let running = 0
  let probing = false
  let pausedUntilEpochSeconds = 0
  let isClosed = false
  let asking: Promise<void> | undefined
  const renewal = partRenewal(budget, clock)
  const pace = requestPace(limits, clock)
  const delays = postponements(limits, random)

  const now = (): number => clock.nowEpochSeconds()

  function mayStart(): boolean {
    return running < budget.granted() && now() >= pace.nextEpochSeconds()
  }

  function startWaiting(): void {
    while (waiting.length > 0 && mayStart()) {
      const grant = waiting.shift()
      if (grant === undefined) return
      running += 1
      pace.started(budget.granted())
      options.start(grant, queue)
    }
    if (waiting.length === 0) delays.queueIsEmpty()
  }

  async function ask(): Promise<void> {
    // Another worker may have the only place, and find that the server answers.
    if (probing && (await options.isHealthy(issuer).catch(() => false))) probing = false
    const limit = probing ? 1 : limits.maximumConcurrentRefreshes
    try {
      await renewal.ask(waiting.length, running, limit)
    } catch (error) {
      options.onFailure(issuer, error)
    }
  }

  function putOff(grants: readonly WaitingGrant[], seconds: () => number): void {
    for (const grant of grants) options.postpone(grant, seconds())
  }

  function untilPauseEnds(): number {
    return pausedUntilEpochSeconds - now() + delays.afterPause()
  }

  const queue: ServerQueue = {
    issuer,
    get waiting() {
      return waiting.length
    },
    get running() {
      return running
    },
    get pausedUntilEpochSeconds() {
      return pausedUntilEpochSeconds
    },
    get probing() {
      return probing
    },
    add(grant) {
      if (pausedUntilEpochSeconds > now()) options.postpone(grant, untilPauseEnds())
      else if (isClosed) options.postpone(grant, 0)
      else if (waiting.length >= queuedForEachPlace * limits.maximumConcurrentRefreshes) {
        options.postpone(grant, delays.whenFull(budget.granted()))
      } else {
        waiting.push(grant)
        startWaiting()
      }
    },
    ended(durationSeconds) {
      running -= 1
      delays.refreshTook(durationSeconds)
      startWaiting()
    },
    pause(seconds) {
      probing = true
      delays.pauseBegins()
      pausedUntilEpochSeconds = Math.max(pausedUntilEpochSeconds, now() + seconds)
      putOff(waiting.splice(0), untilPauseEnds)
    },
    answered() {
      probing = false
    },
    async advance() {
      startWaiting()
      const askAt = renewal.dueAtEpochSeconds(waiting.length, running)
      if (asking === undefined && askAt > now()) return
      asking ??= ask().finally(() => {
        asking = undefined
      })
      await asking
      startWaiting()
    },
    nextEpochSeconds() {
      const hasPlace = waiting.length > 0 && running < budget.granted()
      const startAt = hasPlace ? pace.nextEpochSeconds() : Number.POSITIVE_INFINITY
      return Math.min(renewal.dueAtEpochSeconds(waiting.length, running), startAt)
    },
    drain() {
      isClosed = true
      putOff(waiting.splice(0), () => 0)
    },
    async close() {
      await asking
      // A part that is not given back ends by time.
      if (budget.granted() > 0) await budget.ask(0, 0, 1).catch(() => undefined)
    },
  }
  return queue
}
