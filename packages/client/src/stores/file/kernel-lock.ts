import path from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { HeldLock, LockOptions, LockOutcome } from '../store.ts'

/** The SQLite code for "another connection holds the lock". */
const sqliteBusy = 5

/** Pauses between attempts: short at first, because a refresh is short. */
const shortestPauseMilliseconds = 4
const longestPauseMilliseconds = 50

/**
 * Takes a lock on a separate file. The kernel releases it when its holder dies. It is the write lock
 * of an empty SQLite database, because that is available on every platform without a native addon,
 * and does not block the event loop.
 *
 * The file is never removed. Otherwise two processes could hold the lock at once, each on another
 * file with the same name.
 */
export async function kernelLock(file: string, options: LockOptions = {}): Promise<LockOutcome> {
  const { waitMilliseconds = 0, signal } = options
  let database: DatabaseSync
  try {
    // Imported here, so that a runtime without SQLite gets an outcome instead of a load error.
    const sqlite = await import('node:sqlite')
    database = new sqlite.DatabaseSync(file, { timeout: 0 })
  } catch (cause) {
    return { outcome: 'unavailable', reason: `${path.basename(file)} cannot be opened`, cause }
  }
  const giveUpAt = performance.now() + waitMilliseconds
  let pauseMilliseconds = shortestPauseMilliseconds
  try {
    for (;;) {
      signal?.throwIfAborted()
      try {
        database.exec('BEGIN IMMEDIATE')
        return { outcome: 'acquired', lock: heldBy(database) }
      } catch (cause) {
        if (!isBusy(cause)) {
          database.close()
          return {
            outcome: 'unavailable',
            reason: `${path.basename(file)} cannot be locked`,
            cause,
          }
        }
      }
      const remaining = giveUpAt - performance.now()
      if (remaining <= 0) {
        database.close()
        return { outcome: 'busy' }
      }
      await pause(Math.min(remaining, pauseMilliseconds * (0.5 + Math.random())))
      pauseMilliseconds = Math.min(longestPauseMilliseconds, pauseMilliseconds * 1.5)
    }
  } catch (aborted) {
    database.close()
    throw aborted
  }
}

function heldBy(database: DatabaseSync): HeldLock {
  let held = true
  return {
    isHeld: () => held,
    async release() {
      if (!held) return
      held = false
      // Closing ends the empty transaction, and with it the lock.
      database.close()
    },
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}
