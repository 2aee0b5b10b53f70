import type { Moment } from '../locking/bounded.ts'
import { millisecondsSince, thisMoment } from '../locking/bounded.ts'
import type { LockConnection } from './lock-connection.ts'
import { openLockConnection } from './lock-connection.ts'
import type { PostgresPool } from './pool.ts'

/** A lock of this process, from the attempt to take it until it is given back. */
export interface LocalLock {
  readonly key: string
  /** The connection that took the lock for its holder. */
  takenOn: LockConnection | undefined
  /** The connection that has the lock now: another one after a failure, or none. */
  on: LockConnection | undefined
}

/** The connection of the locks. It is taken when it is needed, and returned when it is not. */
export interface KeptConnection {
  /** The connection, if there is one. */
  current(): LockConnection | undefined
  /** The connection, or a new one. */
  get(): Promise<LockConnection>
  /** To be called when no statement runs: checks the connection or returns it after a while. */
  rest(): void
  /** How long ago a connection with locks failed; infinite if none did. */
  failedSecondsAgo(): number
  giveBack(): Promise<void>
}

/** How the connection is kept. */
export interface KeptConnectionSettings {
  readonly requestTimeoutMilliseconds: number
  /** How long a connection without locks is kept. */
  readonly idleMilliseconds: number
}

/** How often the connection is checked while it has locks. */
const heartbeatMilliseconds = 5000
const reconnectMilliseconds = 250
/** The largest number of locks that one statement takes. */
const maximumLocksPerStatement = 500

/**
 * Keeps the connection of `locks`.
 *
 * If it fails, its locks are lost. A new connection first takes the locks of holders that are still
 * working, so that no other process repeats a refresh that is under way.
 */
export function keptConnection(
  pool: PostgresPool,
  settings: KeptConnectionSettings,
  locks: ReadonlyMap<string, LocalLock>,
): KeptConnection {
  const { requestTimeoutMilliseconds, idleMilliseconds } = settings
  let connection: LockConnection | undefined
  let opening: Promise<LockConnection> | undefined
  let failedAt: Moment | undefined
  let timer: NodeJS.Timeout | undefined
  let timesGivenBack = 0

  async function open(): Promise<LockConnection> {
    const begun = timesGivenBack
    // The connection can fail before it is open.
    let opened: LockConnection | undefined
    opened = await openLockConnection(pool, {
      requestTimeoutMilliseconds,
      onLost: () => {
        failed(opened)
      },
    })
    if (begun !== timesGivenBack) {
      await opened.close()
      throw new Error('The store was closed.')
    }
    connection = opened
    await retake(opened)
    return opened
  }

  function failed(lost: LockConnection | undefined): void {
    if (lost === undefined || connection !== lost) return
    connection = undefined
    failedAt = thisMoment()
    for (const lock of locks.values()) if (lock.on === lost) lock.on = undefined
    rest()
  }

  /** A lock that another process has taken in the meantime stays lost. */
  async function retake(opened: LockConnection): Promise<void> {
    const lost = lostLocks()
    for (let from = 0; from < lost.length; from += maximumLocksPerStatement) {
      const some = lost.slice(from, from + maximumLocksPerStatement)
      const made = await opened.change(some.map(({ key }) => ({ key, change: 'take' })))
      const taken = some.filter((_, index) => made[index] === true)
      for (const lock of taken) if (lock.takenOn !== undefined) lock.on = opened
      // Locks are re-entrant: one that stayed behind would also survive its next holder.
      const released = taken.filter(({ takenOn }) => takenOn === undefined)
      if (released.length > 0) {
        await opened.change(released.map(({ key }) => ({ key, change: 'give-back' })))
      }
    }
  }

  function lostLocks(): LocalLock[] {
    return Array.from(locks.values()).filter(
      ({ takenOn, on }) => takenOn !== undefined && on === undefined,
    )
  }

  async function get(): Promise<LockConnection> {
    clearTimeout(timer)
    if (connection !== undefined && opening === undefined) return connection
    opening ??= open().finally(() => {
      opening = undefined
    })
    return await opening
  }

  async function check(): Promise<void> {
    // A failure has already been noted.
    await get()
      .then((current) => current.change([]))
      .catch(() => undefined)
    rest()
  }

  function rest(): void {
    clearTimeout(timer)
    if (connection === undefined) {
      if (lostLocks().length === 0) return
      timer = setTimeout(() => void check(), reconnectMilliseconds)
    } else {
      timer =
        locks.size > 0
          ? setTimeout(() => void check(), heartbeatMilliseconds)
          : setTimeout(() => void giveBack(), idleMilliseconds)
    }
    // A lock must not keep a process alive. It ends with the process.
    timer.unref()
  }

  async function giveBack(): Promise<void> {
    clearTimeout(timer)
    timesGivenBack += 1
    const former = connection
    connection = undefined
    await former?.close()
  }

  return {
    current: () => connection,
    get,
    rest,
    failedSecondsAgo: () =>
      failedAt === undefined ? Number.POSITIVE_INFINITY : millisecondsSince(failedAt) / 1000,
    giveBack,
  }
}
