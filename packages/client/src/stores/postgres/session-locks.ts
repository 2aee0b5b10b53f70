import type { LockAttempt } from '../locking/poll-for-lock.ts'
import { pollForLock } from '../locking/poll-for-lock.ts'
import type { HeldLock, LockOptions, LockOutcome } from '../store.ts'
import type { KeptConnection, LocalLock } from './kept-connection.ts'
import { keptConnection } from './kept-connection.ts'
import { confirmationLimitMilliseconds } from './lock-connection.ts'
import { lockChanges } from './lock-changes.ts'
import type { PostgresPool } from './pool.ts'

/** How a store locks. */
export interface SessionLockSettings {
  readonly requestTimeoutMilliseconds: number
  /** How long a connection without locks is kept. Default 10,000. */
  readonly idleMilliseconds?: number | undefined
}

/** The locks of one store. */
export interface SessionLocks {
  /** @param key - A 64-bit integer in decimal: the name of the lock. */
  lock(key: string, options?: LockOptions): Promise<LockOutcome>
  releaseAll(): Promise<void>
}

/** The server has room for about 6,400 locks by default, which all of its clients share. */
const maximumLocks = 1000
/** Lock statements are short. One that takes longer shows that the connection is broken. */
const longestTimeoutMilliseconds = 10_000

/**
 * Advisory locks of the session of one connection, for any number of locks. Session locks are
 * re-entrant, so a table in this process keeps its callers apart.
 *
 * If the connection fails, all of its locks are lost: `isHeld` becomes false for each, and stays so.
 */
export function sessionLocks(pool: PostgresPool, settings: SessionLockSettings): SessionLocks {
  const { requestTimeoutMilliseconds, idleMilliseconds = 10_000 } = settings
  const locks = new Map<string, LocalLock>()
  const connection = keptConnection(
    pool,
    {
      requestTimeoutMilliseconds: Math.min(requestTimeoutMilliseconds, longestTimeoutMilliseconds),
      idleMilliseconds,
    },
    locks,
  )
  const changes = lockChanges(connection)

  /** A connection that was kept can have failed since its last use. Then a new one is tried. */
  async function take(lock: LocalLock): Promise<boolean> {
    const kept = connection.current()
    try {
      return await changes.run(lock, 'take')
    } catch (error) {
      if (kept === undefined || connection.current() === kept) throw error
      return await changes.run(lock, 'take')
    }
  }

  async function attempt(key: string): Promise<LockAttempt> {
    if (locks.has(key)) return { outcome: 'busy' }
    if (locks.size >= maximumLocks) {
      return { outcome: 'crowded', reason: `this process already has ${maximumLocks} locks` }
    }
    const lock: LocalLock = { key, takenOn: undefined, on: undefined }
    locks.set(key, lock)
    try {
      if (await take(lock)) {
        lock.takenOn = lock.on
        return { outcome: 'acquired', lock: heldLock(lock) }
      }
      locks.delete(key)
      return { outcome: 'busy' }
    } catch (cause) {
      locks.delete(key)
      return { outcome: 'unavailable', reason: 'PostgreSQL failed to lock', cause }
    }
  }

  function heldLock(lock: LocalLock): HeldLock {
    const { takenOn } = lock
    let given: Promise<void> | undefined
    async function release(): Promise<void> {
      lock.takenOn = undefined
      if (lock.on !== undefined) await changes.run(lock, 'give-back')
      if (locks.get(lock.key) === lock) locks.delete(lock.key)
    }
    return {
      isHeld: () =>
        given === undefined && takenOn !== undefined && lock.on === takenOn && takenOn.holds(),
      get dropped() {
        // The connections of other processes may have failed too, without their noticing yet.
        const here = connection.failedSecondsAgo() - confirmationLimitMilliseconds / 1000
        const atServer = takenOn?.reliedOnLostLocksSecondsAgo() ?? 0
        return { secondsAgo: Math.max(0, Math.min(here, atServer)) }
      },
      async release() {
        given ??= release()
        await given
      },
    }
  }

  return {
    lock: (key, options) => pollForLock(() => attempt(key), options),
    async releaseAll() {
      changes.drop()
      await giveBackAll(locks, connection)
    },
  }
}

async function giveBackAll(
  locks: Map<string, LocalLock>,
  connection: KeptConnection,
): Promise<void> {
  for (const lock of locks.values()) lock.takenOn = lock.on = undefined
  locks.clear()
  await connection.giveBack()
}
