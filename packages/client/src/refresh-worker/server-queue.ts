import type { WaitingGrant } from './due-grant.ts'
import { postponements } from './postponements.ts'
import type { ServerLimits } from './request-pace.ts'
import { requestPace } from './request-pace.ts'
import { serverPlaces } from './server-places.ts'
import type { SharedBudget } from './shared-budget.ts'
import type { SteadyClock } from './steady-clock.ts'

/**
 * How many grants wait in memory for each place in the budget. Others are better found by another
 * worker.
 */
const queuedForEachPlace = 2
/**
 * Grants that got no place for so long are given back. Their claims have ended, so another worker may
 * have them, and here they would keep out the grants of other servers.
 */
const longestWaitSeconds = 8

/** What a queue needs. */
export interface ServerQueueOptions {
  readonly budget: SharedBudget
  readonly limits: ServerLimits
  readonly clock: SteadyClock
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
  const waiting: { readonly grant: WaitingGrant; readonly sinceEpochSeconds: number }[] = []
  let running = 0
  let pausedUntilEpochSeconds = 0
  let isClosed = false
  const places = serverPlaces({
    budget,
    clock,
    maximumConcurrentRefreshes: limits.maximumConcurrentRefreshes,
    isHealthy: () => options.isHealthy(issuer),
    onFailure: (error) => options.onFailure(issuer, error),
  })
  const pace = requestPace(limits, clock)
  const delays = postponements(limits, random)

  const now = (): number => clock.nowEpochSeconds()

  function mayStart(): boolean {
    return running < places.count && now() >= pace.nextEpochSeconds(places.count)
  }

  function startWaiting(): void {
    while (waiting.length > 0 && mayStart()) {
      const first = waiting.shift()
      if (first === undefined) return
      running += 1
      pace.started()
      options.start(first.grant, queue)
    }
    if (waiting.length === 0) delays.queueIsEmpty()
  }

  function putOff(count: number, seconds: () => number): void {
    for (const { grant } of waiting.splice(0, count)) options.postpone(grant, seconds())
  }

  function putOffOld(): void {
    const longAgo = now() - longestWaitSeconds
    const old = waiting.filter(({ sinceEpochSeconds }) => sinceEpochSeconds <= longAgo)
    putOff(old.length, () => delays.whenFull(places.count))
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
      return clock.machineEpochSeconds(pausedUntilEpochSeconds)
    },
    add(grant) {
      if (pausedUntilEpochSeconds > now()) options.postpone(grant, untilPauseEnds())
      else if (isClosed) options.postpone(grant, 0)
      else if (waiting.length >= queuedForEachPlace * limits.maximumConcurrentRefreshes) {
        options.postpone(grant, delays.whenFull(places.count))
      } else {
        waiting.push({ grant, sinceEpochSeconds: now() })
        startWaiting()
      }
    },
    ended(durationSeconds) {
      running -= 1
      delays.tookSeconds(durationSeconds)
      startWaiting()
    },
    pause(seconds) {
      places.serverFailed()
      delays.pauseBegins()
      pausedUntilEpochSeconds = Math.max(pausedUntilEpochSeconds, now() + seconds)
      putOff(waiting.length, untilPauseEnds)
    },
    answered() {
      places.serverAnswered()
    },
    async advance() {
      startWaiting()
      putOffOld()
      await places.renew(waiting.length, running)
      startWaiting()
    },
    nextEpochSeconds() {
      const askAt = places.nextEpochSeconds(waiting.length, running)
      const [first] = waiting
      if (first === undefined) return askAt
      const { count } = places
      const startAt = running < count ? pace.nextEpochSeconds(count) : Number.POSITIVE_INFINITY
      return Math.min(askAt, startAt, first.sinceEpochSeconds + longestWaitSeconds)
    },
    drain() {
      isClosed = true
      putOff(waiting.length, () => 0)
    },
    close: () => places.close(),
  }
  return queue
}
