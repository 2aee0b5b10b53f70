import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Clock } from '../../lib/clock.ts'
import { EvergrantClientError } from '../../lib/errors.ts'
import { mapAtMost } from '../../lib/map-at-most.ts'
import type { ClaimOptions, ClaimedGrant, DueIndex } from '../due.ts'
import { neverDue } from '../due.ts'
import type { RecordName } from '../store.ts'
import type { DueTime } from './due-time.ts'
import { dueTimeOf, withDueTime } from './due-time.ts'
import { replaceFile } from './durable-file.ts'
import type { RecordFiles } from './record-files.ts'
import { hasCode } from './system-error.ts'

const filesAtOnce = 16
/** A claim syncs each file that it takes, with the write lock held. */
const largestClaim = 64
/** File times are coarse. A file that was replaced twice within one tick can look unchanged. */
const settledAfterMilliseconds = 2000

/** A due time that was read from a file. */
interface KnownTime extends DueTime {
  /** Tells the file from every other one that had its name; `undefined` if it is too new for that. */
  readonly file: string | undefined
}

/** The due times of the grants in a file store. Each is in the file of its grant. */
export function fileDueIndex(files: RecordFiles, clock: Clock): DueIndex {
  let known: ReadonlyMap<string, KnownTime> = new Map()
  /** Times of grants that this process cannot open. Their files belong to other installations. */
  const unopened = new Map<string, DueTime>()

  /** Reads the times. Only files that changed since the last time are read. */
  async function dueTimes(): Promise<Map<string, DueTime>> {
    const ids = await files.list('grant')
    const found = await mapAtMost(filesAtOnce, ids, async (id) => [id, await timeOf(id)] as const)
    const present = found.flatMap(([id, time]) => (time === undefined ? [] : [[id, time] as const]))
    known = new Map(present)
    for (const id of unopened.keys()) if (!known.has(id)) unopened.delete(id)
    return new Map(present.map(([id, time]) => [id, current(id, time)]))
  }

  async function timeOf(id: string): Promise<KnownTime | undefined> {
    const name = grant(id)
    const file = await identityOf(files.fileOf(name))
    const last = known.get(id)
    if (file !== undefined && last?.file === file) return last
    const text = await files.readText(name)
    return text === undefined ? undefined : { ...dueTimeOf(text), file }
  }

  /** The time of a record, or the one that this process has set for a record that it cannot open. */
  function current(id: string, time: DueTime): DueTime {
    const own = unopened.get(id)
    return own?.generation === time.generation ? own : time
  }

  /** Call it with the write lock held. */
  async function change(id: string, text: string, time: DueTime): Promise<void> {
    unopened.delete(id)
    await replaceFile(files.fileOf(grant(id)), withDueTime(text, time))
  }

  /** Call it with the write lock held. */
  async function take(
    times: Map<string, DueTime>,
    due: readonly string[],
    { limit, claimSeconds }: ClaimOptions,
  ): Promise<ClaimedGrant[]> {
    const now = clock.nowEpochSeconds()
    const taken: { readonly grant: ClaimedGrant; readonly text: string; readonly time: DueTime }[] =
      []
    for (const id of due) {
      if (taken.length >= Math.min(limit, largestClaim)) break
      const text = await files.readText(grant(id))
      times.delete(id)
      if (text === undefined) continue
      // Another process may have claimed or refreshed the grant since.
      const before = current(id, dueTimeOf(text))
      times.set(id, before)
      if (before.atEpochSeconds > now) continue
      const time = { generation: before.generation, atEpochSeconds: now + claimSeconds }
      times.set(id, time)
      taken.push({ grant: await claimed(id, text, before, now), text, time })
    }
    await mapAtMost(filesAtOnce, taken, async ({ grant: { id, record }, text, time }) => {
      if (record === undefined) unopened.set(id, time)
      else await change(id, text, time)
    })
    return taken.map((one) => one.grant)
  }

  async function claimed(
    id: string,
    text: string,
    { generation, atEpochSeconds }: DueTime,
    now: number,
  ): Promise<ClaimedGrant> {
    const lateSeconds = Number.isFinite(atEpochSeconds) ? now - atEpochSeconds : 0
    try {
      return { id, lateSeconds, record: await files.open(grant(id), text) }
    } catch (error) {
      if (!EvergrantClientError.is(error)) throw error
      return { id, lateSeconds, unreadable: { generation, error } }
    }
  }

  return {
    async claim(options) {
      const times = await dueTimes()
      const due = dueAt(times, clock.nowEpochSeconds())
      const grants =
        due.length === 0 ? [] : await files.exclusively(() => take(times, due, options))
      let next = neverDue
      for (const { atEpochSeconds } of times.values()) next = Math.min(next, atEpochSeconds)
      return { grants, nextDueInSeconds: Math.max(0, next - clock.nowEpochSeconds()) }
    },
    set: (id, generation, dueInSeconds) =>
      files.exclusively(async () => {
        const text = await files.readText(grant(id))
        if (text === undefined || dueTimeOf(text).generation !== generation) return
        const time = { generation, atEpochSeconds: clock.nowEpochSeconds() + dueInSeconds }
        if (files.canOpen(grant(id), text)) await change(id, text, time)
        else unopened.set(id, time)
      }),
    async backlog() {
      const times = await dueTimes()
      const now = clock.nowEpochSeconds()
      const due = dueAt(times, now)
      // The first one with a known time is the most overdue.
      const first = due.map((id) => times.get(id)?.atEpochSeconds ?? now).find(Number.isFinite)
      return { grants: due.length, lateSeconds: first === undefined ? 0 : now - first }
    },
  }
}

/** The grants that are due, the most overdue first. */
function dueAt(times: ReadonlyMap<string, DueTime>, nowEpochSeconds: number): string[] {
  return Array.from(times)
    .filter(([, { atEpochSeconds }]) => atEpochSeconds <= nowEpochSeconds)
    .toSorted(([, a], [, b]) => compare(a.atEpochSeconds, b.atEpochSeconds))
    .map(([id]) => id)
}

/** Also of two infinite numbers, whose difference is not a number. */
function compare(a: number, b: number): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function grant(id: string): RecordName {
  return { kind: 'grant', id }
}

async function identityOf(file: string): Promise<string | undefined> {
  let found: BigIntStats
  try {
    found = await stat(file, { bigint: true })
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
  const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = found
  // The age counts by the clock that the file system uses, also if the store has another one.
  if (Date.now() - Number(ctimeMs) < settledAfterMilliseconds) return undefined
  return [dev, ino, size, mtimeNs, ctimeNs].join('/')
}
