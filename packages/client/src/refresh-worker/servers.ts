import type { Clock } from '../lib/clock.ts'
import type { RecordStore } from '../stores/store.ts'
import type { RefreshWorkerServerStats } from './api.ts'
import type { ServerQueue, ServerQueueOptions } from './server-queue.ts'
import { serverQueue } from './server-queue.ts'
import { sharedBudget } from './shared-budget.ts'
import type { SteadyClock } from './steady-clock.ts'

/** Servers without work are forgotten when there are more than this. */
const remembered = 1000

/** The authorization servers that this worker has work for. */
export interface Servers {
  queueOf(issuer: string): ServerQueue
  /** Starts what may start at every server. */
  advance(): Promise<void>
  /** When a server has something to do again; infinity if none has. */
  nextEpochSeconds(): number
  /** Starts nothing more, and gives back the grants that wait. */
  drain(): void
  /** Gives back the parts of the budgets, when no refresh is running. */
  close(): Promise<void>
  stats(): readonly RefreshWorkerServerStats[]
}

/** What the queues of all servers share. */
export interface ServersOptions extends Omit<ServerQueueOptions, 'budget' | 'clock'> {
  /** Measures pauses. */
  readonly steady: SteadyClock
  readonly store: RecordStore
  /** A name of this worker that no other worker has. */
  readonly worker: string
  readonly clock: Clock
}

export function createServers(options: ServersOptions): Servers {
  const { store, worker, clock, steady } = options
  const queues = new Map<string, ServerQueue>()
  let isClosed = false

  function isIdle({ waiting, running, pausedUntilEpochSeconds }: ServerQueue): boolean {
    return waiting + running === 0 && pausedUntilEpochSeconds <= clock.nowEpochSeconds()
  }

  function forgetIdle(): void {
    if (queues.size <= remembered) return
    for (const [issuer, queue] of queues) if (isIdle(queue)) queues.delete(issuer)
  }

  return {
    queueOf(issuer) {
      let queue = queues.get(issuer)
      if (queue === undefined) {
        forgetIdle()
        const budget = sharedBudget(store, issuer, worker, clock)
        queue = serverQueue(issuer, { ...options, clock: steady, budget })
        if (isClosed) queue.drain()
        queues.set(issuer, queue)
      }
      return queue
    },
    async advance() {
      await Promise.all(Array.from(queues.values(), (queue) => queue.advance()))
    },
    nextEpochSeconds: () =>
      Array.from(queues.values()).reduce(
        (next, queue) => Math.min(next, queue.nextEpochSeconds()),
        Number.POSITIVE_INFINITY,
      ),
    drain() {
      isClosed = true
      for (const queue of queues.values()) queue.drain()
    },
    async close() {
      await Promise.all(Array.from(queues.values(), (queue) => queue.close()))
      queues.clear()
      isClosed = false
    },
    stats() {
      const now = clock.nowEpochSeconds()
      return Array.from(queues.values())
        .filter((queue) => !isIdle(queue))
        .map(({ issuer, waiting, running, pausedUntilEpochSeconds }) => ({
          issuer,
          refreshing: running,
          waiting,
          ...(pausedUntilEpochSeconds > now ? { pausedUntilEpochSeconds } : {}),
        }))
    },
  }
}
