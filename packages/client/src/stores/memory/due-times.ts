import type { Clock } from '../../lib/clock.ts'
import type { EarliestFirst } from '../../lib/earliest-first.ts'
import { earliestFirst } from '../../lib/earliest-first.ts'
import type { ClaimedGrant, DueIndex } from '../due.ts'
import type { StoredRecord } from '../store.ts'

/** A clock that went back further than this was set back. */
const clockNoiseSeconds = 5

/** Replaced times are dropped when the queue has more than this many entries for each grant. */
const maximumReplacedShare = 4
const fewTimes = 100

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
  /** How many times are in memory, replaced ones included. */
  queued(): number
}

/** @param recordOf - Reads the record of a grant. */
export function dueTimes(
  recordOf: (id: string) => StoredRecord | undefined,
  clock: Clock,
): DueTimes {
  const times = new Map<string, DueTime>()
  /** Has every time in the map, and replaced ones until they are met. */
  let queue = queueOf([])
  let lastSeenEpochSeconds = Number.NEGATIVE_INFINITY

  /** If the clock was set back, no time can be compared with it, so every grant is due. */
  function nowEpochSeconds(): number {
    const now = clock.nowEpochSeconds()
    if (now < lastSeenEpochSeconds - clockNoiseSeconds) {
      for (const { id, generation } of times.values()) put(id, generation, Number.NEGATIVE_INFINITY)
    }
    lastSeenEpochSeconds = now
    return now
  }

  function dropReplaced(): void {
    const current = Array.from(times.values())
    queue = queueOf(current.filter((time) => time.atEpochSeconds !== Number.POSITIVE_INFINITY))
  }

  function put(id: string, generation: number, atEpochSeconds: number): void {
    const time = { id, generation, atEpochSeconds }
    times.set(id, time)
    if (atEpochSeconds !== Number.POSITIVE_INFINITY) queue.add(time)
    if (queue.size() > maximumReplacedShare * times.size + fewTimes) dropReplaced()
  }

  function next(): DueTime | undefined {
    for (;;) {
      const first = queue.earliest()
      if (first === undefined || times.get(first.id) === first) return first
      queue.removeEarliest()
    }
  }

  function late({ atEpochSeconds }: DueTime, now: number): number {
    return Number.isFinite(atEpochSeconds) ? now - atEpochSeconds : 0
  }

  return {
    index: {
      async claim({ limit, claimSeconds }) {
        const now = nowEpochSeconds()
        const taken: DueTime[] = []
        for (let due = next(); due !== undefined && due.atEpochSeconds <= now; due = next()) {
          if (taken.length === limit) break
          taken.push(due)
          queue.removeEarliest()
        }
        for (const { id, generation } of taken) put(id, generation, now + claimSeconds)
        const grants = taken.flatMap((due): ClaimedGrant[] => {
          const record = recordOf(due.id)
          return record === undefined ? [] : [{ id: due.id, record, lateSeconds: late(due, now) }]
        })
        const at = next()?.atEpochSeconds ?? Number.POSITIVE_INFINITY
        return { grants, nextDueInSeconds: Math.max(0, at - now) }
      },
      async set(id, generation, dueInSeconds) {
        if (times.get(id)?.generation !== generation) return
        put(id, generation, nowEpochSeconds() + dueInSeconds)
      },
      async backlog() {
        const now = nowEpochSeconds()
        const due = Array.from(times.values()).filter(({ atEpochSeconds }) => atEpochSeconds <= now)
        return { grants: due.length, lateSeconds: longest(due.map((time) => late(time, now))) }
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
    queued: () => queue.size(),
  }
}

function queueOf(times: readonly DueTime[]): EarliestFirst<DueTime> {
  return earliestFirst(times, ({ atEpochSeconds }) => atEpochSeconds)
}

function longest(seconds: readonly number[]): number {
  return seconds.reduce((one, other) => Math.max(one, other), 0)
}
