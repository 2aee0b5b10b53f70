import type { KeptConnection, LocalLock } from './kept-connection.ts'
import type { LockChange } from './lock-connection.ts'

/** Takes and gives back locks. */
export interface LockChanges {
  /**
   * @returns Whether the change was made. `false`: another session has the lock. Rejects only if a
   *   lock cannot be taken: a lock whose connection failed has been given back by the server.
   */
  run(lock: LocalLock, change: LockChange['change']): Promise<boolean>
  /** Ends the changes that wait: the connection gives back all of its locks. */
  drop(): void
}

interface WaitingChange extends LockChange {
  readonly lock: LocalLock
  readonly resolve: (made: boolean) => void
  readonly reject: (error: unknown) => void
}

/** The largest number of locks that one statement takes or gives back. */
const maximumChanges = 500

/** Combines the changes of concurrent callers into statements. One statement runs at a time. */
export function lockChanges(connection: KeptConnection): LockChanges {
  let waiting: WaitingChange[] = []
  let working = false

  async function work(): Promise<void> {
    if (working) return
    working = true
    // Callers of this turn of the event loop go together.
    await new Promise(setImmediate)
    while (waiting.length > 0) await runTogether(waiting.splice(0, maximumChanges))
    working = false
    connection.rest()
  }

  async function runTogether(changes: readonly WaitingChange[]): Promise<void> {
    const takes = changes.filter(({ change }) => change === 'take')
    try {
      const current = takes.length > 0 ? await connection.get() : connection.current()
      const sent = changes.filter(
        ({ change, lock }) => change === 'take' || (lock.on !== undefined && lock.on === current),
      )
      const made = sent.length === 0 ? [] : await current?.change(sent)
      for (const [index, { change, lock, resolve }] of sent.entries()) {
        const done = made?.[index] === true
        if (done) lock.on = change === 'take' ? current : undefined
        resolve(done)
      }
    } catch (error) {
      for (const { reject } of takes) reject(error)
    }
    // The others were locks of a connection that has failed.
    for (const { resolve } of changes) resolve(true)
  }

  return {
    run: (lock, change) =>
      new Promise((resolve, reject) => {
        waiting.push({ key: lock.key, change, lock, resolve, reject })
        void work()
      }),
    drop() {
      const dropped = waiting
      waiting = []
      for (const { change, resolve, reject } of dropped) {
        if (change === 'take') reject(new Error('The store was closed.'))
        else resolve(true)
      }
    },
  }
}
