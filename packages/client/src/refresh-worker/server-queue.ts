import type { DueItem, DueQueue } from './due-queue.ts'
import { dueQueue } from './due-queue.ts'

/** One grant that the worker knows. There can be very many, so it repeats nothing from the store. */
export interface ScheduledGrant extends DueItem {
  readonly bindingId: string
  serverQueue: ServerQueue
  dueAtEpochSeconds: number
  /** Consecutive failed attempts of this grant. */
  failures: number
  state: 'queued' | 'running' | 'inactive'
}

/** The grants of one authorization server, and whether requests to it may be sent now. */
export interface ServerQueue {
  readonly issuer: string
  readonly queue: DueQueue<ScheduledGrant>
  /** How many refresh attempts are running. */
  running: number
  pausedUntilEpochSeconds: number
  /** After a pause, one grant goes first. The others follow when the server answers. */
  probing: boolean
}

export function serverQueue(issuer: string): ServerQueue {
  return {
    issuer,
    queue: dueQueue(),
    running: 0,
    pausedUntilEpochSeconds: 0,
    probing: false,
  }
}

/** Takes the next grant whose refresh may start now, if there is one. */
export function takeDue(
  server: ServerQueue,
  nowEpochSeconds: number,
  maximumConcurrency: number,
): ScheduledGrant | undefined {
  return nextStart(server, maximumConcurrency) <= nowEpochSeconds ? server.queue.take() : undefined
}

/** When the next attempt may start. Infinity if the queue is empty, or a running one must end first. */
export function nextStart(server: ServerQueue, maximumConcurrency: number): number {
  const next = server.queue.peek()
  const hasRoom = server.running < (server.probing ? 1 : maximumConcurrency)
  if (next === undefined || !hasRoom) return Number.POSITIVE_INFINITY
  return Math.max(next.dueAtEpochSeconds, server.pausedUntilEpochSeconds)
}
