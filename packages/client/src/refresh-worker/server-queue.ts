import type { Clock } from '../lib/clock.ts'
import type { WaitingGrant } from './due-grant.ts'
import type { SharedBudget } from './shared-budget.ts'

/** Pause after the store failed to answer for a part of the budget. */
const storePauseSeconds = 2
/** How often a part of the budget is renewed. */
const renewSeconds = 2
/** How soon a worker asks for a larger part again: after it got more, and after it got no more. */
const askForMoreSeconds = 0.1
const askAgainSeconds = 0.5
/**
 * How many grants wait in memory for each place in the budget. Others are better found by another
 * worker.
 */
const queuedForEachPlace = 2
/** How long a grant is put off that finds the queue full. */
const shortestDelaySeconds = 1
const longestDelaySeconds = 60
/** The grants that wait for a server that was unavailable come back over this period. */
const spreadAfterPauseSeconds = 2
/** The share of the expected time after which grants are looked at again, so that no place stays free. */
const optimism = 0.5

/** Limits for one authorization server, over all workers. */
export interface ServerLimits {
  readonly maximumConcurrentRefreshes: number
  readonly maximumRefreshesPerSecond: number
}

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
  let askedAtEpochSeconds = Number.NEGATIVE_INFINITY
  let gotMore = true
  let isClosed = false
  let asking: Promise<void> | undefined
  /** With a limit of requests a second: when the next one may be sent. */
  let nextStartEpochSeconds = 0
  /** A moving average of how long a refresh takes. */
  let averageSeconds = 0.5
  let putOffInPause = 0
  /** Grants that found the queue full since it was last empty. */
  let postponed = 0

  const now = (): number => clock.nowEpochSeconds()

  function mayStart(): boolean {
    return running < budget.granted() && now() >= nextStartEpochSeconds
  }

  function startWaiting(): void {
    while (waiting.length > 0 && mayStart()) {
      const grant = waiting.shift()
      if (grant === undefined) return
      running += 1
      pace()
      options.start(grant, queue)
    }
    if (waiting.length === 0) postponed = 0
  }

  /** The requests of all workers together keep the rate: each paces its part of the budget. */
  function pace(): void {
    const part = budget.granted() / limits.maximumConcurrentRefreshes
    const perSecond = limits.maximumRefreshesPerSecond * part
    if (!Number.isFinite(perSecond) || perSecond <= 0) return
    nextStartEpochSeconds = Math.max(now(), nextStartEpochSeconds) + 1 / perSecond
  }

  function delayWhenFull(): number {
    postponed += 1
    const perSecond = Math.max(1, budget.granted()) / averageSeconds
    const paced = Math.min(perSecond, limits.maximumRefreshesPerSecond)
    const expected = (optimism * postponed) / paced
    const delay = Math.min(longestDelaySeconds, Math.max(shortestDelaySeconds, expected))
    return delay * (1 + random() / 2)
  }

  async function ask(): Promise<void> {
    askedAtEpochSeconds = now()
    // Another worker may have the only place, and find that the server answers.
    if (probing && (await options.isHealthy(issuer).catch(() => false))) probing = false
    const limit = probing ? 1 : limits.maximumConcurrentRefreshes
    // Without an answer, the part that was granted before stays until its end.
    const before = budget.granted()
    try {
      await budget.ask(running + waiting.length, running, limit)
    } catch (error) {
      // The part that was granted before stays until its end.
      options.onFailure(issuer, error)
      askedAtEpochSeconds = now() + storePauseSeconds
    }
    gotMore = budget.granted() > before
  }

  function askAtEpochSeconds(): number {
    if (waiting.length > 0 && running >= budget.granted()) {
      return askedAtEpochSeconds + (gotMore ? askForMoreSeconds : askAgainSeconds)
    }
    return waiting.length + running > 0
      ? askedAtEpochSeconds + renewSeconds
      : Number.POSITIVE_INFINITY
  }

  function putOff(grants: readonly WaitingGrant[], seconds: () => number): void {
    for (const grant of grants) options.postpone(grant, seconds())
  }

  /** One grant comes back when the pause ends, to try the server. The others follow. */
  function untilPauseEnds(): number {
    const spread = putOffInPause === 0 ? 0 : random() * spreadAfterPauseSeconds
    putOffInPause += 1
    return pausedUntilEpochSeconds - now() + spread
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
        options.postpone(grant, delayWhenFull())
      } else {
        waiting.push(grant)
        startWaiting()
      }
    },
    ended(durationSeconds) {
      running -= 1
      averageSeconds = 0.9 * averageSeconds + 0.1 * Math.max(0.01, durationSeconds)
      startWaiting()
    },
    pause(seconds) {
      probing = true
      putOffInPause = 0
      pausedUntilEpochSeconds = Math.max(pausedUntilEpochSeconds, now() + seconds)
      putOff(waiting.splice(0), untilPauseEnds)
    },
    answered() {
      probing = false
    },
    async advance() {
      startWaiting()
      if (asking === undefined && askAtEpochSeconds() > now()) return
      asking ??= ask().finally(() => {
        asking = undefined
      })
      await asking
      startWaiting()
    },
    nextEpochSeconds() {
      const start = waiting.length > 0 ? nextStartEpochSeconds : 0
      return Math.max(askAtEpochSeconds(), Math.min(start, now() + renewSeconds))
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
