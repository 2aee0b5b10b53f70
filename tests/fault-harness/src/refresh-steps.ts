import type { HeldLock, RecordName, RecordStore } from '@evergrant/client'

/** The steps of a refresh, in order, as its store and its requests show them. */
export type RefreshStep =
  /** The process is about to lock the grant. */
  | 'before-lock'
  | 'locked'
  /** The grant was read under the lock. */
  | 'read'
  /** The journal is written, and no request was sent. */
  | 'journaled'
  /** The response of the token endpoint has arrived, and nothing was done with it. */
  | 'answered'
  /** The new tokens are saved. */
  | 'saved'
  /** The lock is released. */
  | 'released'

/** A store and a `fetch` that report each step of a refresh, and wait there. */
export interface RefreshSteps {
  readonly store: RecordStore
  readonly fetch: typeof globalThis.fetch
}

/**
 * Wraps what a session uses for a refresh. The client has no hook for tests: each step ends with a
 * call of the store or of `fetch`.
 *
 * @param atStep - Called after each step. The refresh goes on when it resolves.
 */
export function refreshSteps(
  store: RecordStore,
  atStep: (step: RefreshStep) => Promise<void>,
): RefreshSteps {
  /** The last step of the refresh that holds the lock; a process runs one refresh at a time. */
  let last: RefreshStep | 'refused' | undefined

  async function reach(step: RefreshStep): Promise<void> {
    last = step
    await atStep(step)
  }

  function steppedLock(lock: HeldLock): HeldLock {
    let isReleased = false
    return {
      isHeld: () => lock.isHeld(),
      get dropped() {
        return lock.dropped
      },
      async release() {
        await lock.release()
        if (isReleased) return
        isReleased = true
        last = undefined
        await atStep('released')
      },
    }
  }

  return {
    store: {
      ...store,
      async lock(name, options) {
        if (!isGrant(name)) return await store.lock(name, options)
        await atStep('before-lock')
        const locking = await store.lock(name, options)
        if (locking.outcome !== 'acquired') return locking
        await reach('locked')
        return { outcome: 'acquired', lock: steppedLock(locking.lock) }
      },
      async read(name) {
        const record = await store.read(name)
        if (isGrant(name) && last === 'locked') await reach('read')
        return record
      },
      async write(name, body, expectedGeneration, dueInSeconds) {
        const written = await store.write(name, body, expectedGeneration, dueInSeconds)
        if (!isGrant(name) || written.outcome !== 'written') return written
        // A refresh worker brings the record along, and does not read it.
        if (last === 'read' || last === 'locked') await reach('journaled')
        else if (last === 'answered') await reach('saved')
        return written
      },
    },
    async fetch(input, init) {
      if (last !== 'journaled') return await fetch(input, init)
      try {
        const response = await fetch(input, init)
        // The response has arrived when its body has.
        await response.clone().arrayBuffer()
        await reach('answered')
        // After an error, the next write clears the journal and saves no tokens.
        if (!response.ok) last = 'refused'
        return response
      } catch (error) {
        await reach('answered')
        last = 'refused'
        throw error
      }
    },
  }
}

function isGrant({ kind }: RecordName): boolean {
  return kind === 'grant'
}
