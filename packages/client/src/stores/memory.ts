import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import { dueTimes } from './memory/due-times.ts'
import type {
  HeldLock,
  LockOptions,
  LockOutcome,
  RecordName,
  RecordStore,
  StoredRecord,
} from './store.ts'

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** Measures when grants are due. Default: the clock of this machine. */
  readonly clock?: Clock | undefined
}

/**
 * Stores records in this process. It is for tests, and for hosts whose grants may end with them.
 *
 * Sessions over one memory store see each other's writes and locks, like processes over a durable
 * store.
 *
 * @example
 * const store = memoryStore()
 */
export function memoryStore({ clock = systemClock }: MemoryStoreOptions = {}): RecordStore {
  const records = new Map<string, StoredRecord>()
  const due = dueTimes((id) => records.get(keyOf({ kind: 'grant', id })), clock)
  const setAside = new Map<string, StoredRecord>()
  const locks = createLockTable()

  return {
    async read(name) {
      return records.get(keyOf(name))
    },
    async write(name, body, expectedGeneration, dueInSeconds) {
      const key = keyOf(name)
      const current = records.get(key)?.generation ?? 0
      if (current !== expectedGeneration) return { outcome: 'conflict' }
      const generation = current + 1
      records.set(key, { generation, body })
      if (name.kind === 'grant') due.written(name.id, generation, dueInSeconds)
      return { outcome: 'written', generation }
    },
    async remove(name, expectedGeneration) {
      const key = keyOf(name)
      if ((records.get(key)?.generation ?? 0) !== expectedGeneration) return 'conflict'
      records.delete(key)
      if (name.kind === 'grant') due.forget(name.id)
      return 'removed'
    },
    async *list(kind) {
      const prefix = `${kind}/`
      for (const key of records.keys()) {
        if (key.startsWith(prefix)) yield key.slice(prefix.length)
      }
    },
    async setAside(name, expectedGeneration) {
      const key = keyOf(name)
      const record = records.get(key)
      if (record?.generation !== expectedGeneration) return
      setAside.set(`${key}@${record.generation}`, record)
      records.delete(key)
      if (name.kind === 'grant') due.forget(name.id)
    },
    due: due.index,
    lock: (name, options) => locks.acquire(keyOf(name), options),
    async close() {
      records.clear()
      setAside.clear()
    },
  }
}

function keyOf(name: RecordName): string {
  return `${name.kind}/${name.id}`
}

interface LockTable {
  acquire(key: string, options?: LockOptions): Promise<LockOutcome>
}

/** Locks in the order of their requests. A waiting request leaves the queue when its time is up. */
function createLockTable(): LockTable {
  const queues = new Map<string, (() => void)[]>()

  function grant(key: string): LockOutcome {
    let held = true
    const lock: HeldLock = {
      isHeld: () => held,
      async release() {
        if (!held) return
        held = false
        const next = queues.get(key)?.shift()
        if (next === undefined) queues.delete(key)
        else next()
      },
    }
    return { outcome: 'acquired', lock }
  }

  return {
    async acquire(key, { waitMilliseconds = 0, signal } = {}) {
      if (signal?.aborted) throw abortError(signal)
      const queue = queues.get(key)
      if (queue === undefined) {
        queues.set(key, [])
        return grant(key)
      }
      if (waitMilliseconds <= 0) return { outcome: 'busy' }
      return await new Promise<LockOutcome>((resolve, reject) => {
        const timer = setTimeout(() => {
          leave()
          resolve({ outcome: 'busy' })
        }, waitMilliseconds)
        function onTurn(): void {
          leave()
          resolve(grant(key))
        }
        function onAbort(): void {
          leave()
          reject(abortError(signal))
        }
        function leave(): void {
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
          const index = queue?.indexOf(onTurn) ?? -1
          if (index >= 0) queue?.splice(index, 1)
        }
        queue.push(onTurn)
        signal?.addEventListener('abort', onAbort, { once: true })
      })
    },
  }
}

function abortError(signal: AbortSignal | undefined): unknown {
  return (
    signal?.reason ??
    new EvergrantClientError(
      'TEMPORARILY_UNAVAILABLE',
      'The wait for the lock was aborted. Repeat the call.',
    )
  )
}
