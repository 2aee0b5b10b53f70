import type { DueItem, DueQueue } from './due-queue.ts'
import { dueQueue } from './due-queue.ts'

/** One kept grant. There can be very many: nothing is in here that the store knows, too. */
export interface KeptGrant extends DueItem {
  readonly bindingId: string
  lane: ServerLane
  dueAtEpochSeconds: number
  /** Failed attempts in a row, of this grant alone. */
  failures: number
  state: 'queued' | 'running' | 'unkept'
}

/** The grants of one authorization server, and how it may be asked now. */
export interface ServerLane {
  readonly issuer: string
  readonly queue: DueQueue<KeptGrant>
  /** How many of its grants are being visited. */
  running: number
  pausedUntilEpochSeconds: number
  /** After a pause one grant goes first: the others follow when the server answers. */
  probing: boolean
}

export function serverLane(issuer: string): ServerLane {
  return {
    issuer,
    queue: dueQueue(),
    running: 0,
    pausedUntilEpochSeconds: 0,
    probing: false,
  }
}

/** Takes the next grant that may be visited now, if there is one. */
export function takeDue(
  lane: ServerLane,
  nowEpochSeconds: number,
  maximumConcurrency: number,
): KeptGrant | undefined {
  return nextStart(lane, maximumConcurrency) <= nowEpochSeconds ? lane.queue.take() : undefined
}

/** When the next visit may begin; infinity where one has to end first, or none is queued. */
export function nextStart(lane: ServerLane, maximumConcurrency: number): number {
  const next = lane.queue.peek()
  const room = lane.running < (lane.probing ? 1 : maximumConcurrency)
  if (next === undefined || !room) return Number.POSITIVE_INFINITY
  return Math.max(next.dueAtEpochSeconds, lane.pausedUntilEpochSeconds)
}
