import TinyQueue from 'tinyqueue'
import type { Clock } from '../../lib/clock.ts'
import type { ClaimedGrant, DueIndex } from '../due.ts'
import type { StoredRecord } from '../store.ts'

/** When a grant is due. It is replaced, never changed. */
interface DueTime {
  readonly id: string
  readonly generation: number
  /** Minus infinity if the time is not known. */
  readonly atEpochSeconds: number
}

/** The due times of a store in this process. */
export interface DueTimes {
  readonly index: DueIndex
  /** Notes the time of a grant that was just written. */
  written(id: string, generation: number, dueInSeconds: number | undefined): void
  forget(id: string): void
}

/** @param recordOf - Reads the record of a grant. */
export function dueTimes(
  recordOf: (id: string) => StoredRecord | undefined,
  clock: Clock,
): DueTimes {
  const times = new Map<string, DueTime>()
  /** Has every time in the map, and replaced ones until they are met. */
  const queue = new TinyQueue<DueTime>([], (a, b) => a.atEpochSeconds - b.atEpochSeconds)

  function put(id: string, generation: number, atEpochSeconds: number): void {
    const time = { id, generation, atEpochSeconds }
    times.set(id, time)
    if (atEpochSeconds !== Number.POSITIVE_INFINITY) queue.push(time)
  }

  function next(): DueTime | undefined {
    for (;;) {
      const first = queue.peek()
      if (first === undefined || times.get(first.id) === first) return first
      queue.pop()
    }
  }

  function lateSeconds({ atEpochSeconds }: DueTime): number {
    return Number.isFinite(atEpochSeconds) ? clock.nowEpochSeconds() - atEpochSeconds : 0
  }

  return {
    index: {
      async claim({ limit, claimSeconds }) {
        const now = clock.nowEpochSeconds()
        const grants: ClaimedGrant[] = []
        for (let due = next(); due !== undefined && due.atEpochSeconds <= now; due = next()) {
          if (grants.length === limit) break
          const record = recordOf(due.id)
          if (record !== undefined)
            grants.push({ id: due.id, record, lateSeconds: lateSeconds(due) })
          queue.pop()
          put(due.id, due.generation, now + claimSeconds)
        }
        const at = next()?.atEpochSeconds ?? Number.POSITIVE_INFINITY
        return { grants, nextDueInSeconds: Math.max(0, at - now) }
      },
      async set(id, generation, dueInSeconds) {
        if (times.get(id)?.generation !== generation) return
        put(id, generation, clock.nowEpochSeconds() + dueInSeconds)
      },
      async backlog() {
        const now = clock.nowEpochSeconds()
        const due = Array.from(times.values()).filter(({ atEpochSeconds }) => atEpochSeconds <= now)
        return { grants: due.length, lateSeconds: Math.max(0, ...due.map(lateSeconds)) }
      },
    },
    written(id, generation, dueInSeconds) {
      const now = clock.nowEpochSeconds()
      put(
        id,
        generation,
        dueInSeconds === undefined ? Number.NEGATIVE_INFINITY : now + dueInSeconds,
      )
    },
    forget: (id) => times.delete(id),
  }
}
