import type { Latch, Task } from '../lib/timeline.ts'
import { createLatch } from '../lib/timeline.ts'
import type { Tokens } from '../server/authorization-server.ts'
import type { World } from '../world/world.ts'
import { refreshAction } from './refresh-action.ts'

const firstBackoffSeconds = 0.5
const maximumBackoffSeconds = 60

/** How one attempt to refresh ended. */
export type RefreshOutcome =
  | { readonly kind: 'usable' | 'needs-reauth' }
  | { readonly kind: 'not-now'; readonly retryAfterSeconds: number }

/** The grant as all processes share it: the record, its lock, and the back-off of the server. */
export interface SharedGrant {
  /** The stored tokens. */
  readonly tokens: () => Tokens
  readonly needsReauth: () => boolean
  /** Whether a refresh was started and not finished. */
  readonly isJournaled: () => boolean
  /** Refreshes once, even if other processes try at the same time. */
  refresh(process: number): Task<RefreshOutcome>
  /** The kernel or the database releases the lock of a process that died. */
  releaseLockOf(process: number): void
  signedIn(tokens: Tokens): void
}

/**
 * The refresh transaction, as docs/explanation/refresh-transaction.md describes it: lock, second look
 * at the store, back-off, journal, request, save.
 */
export function createSharedGrant(world: World): SharedGrant {
  const { timeline } = world
  let tokens = world.firstTokens
  let needsReauth = tokens.refreshToken === undefined
  let journaledAttempts = 0
  let failures = 0
  let notBeforeSeconds = 0
  let lock: { readonly holder: number; readonly released: Latch } | undefined

  function release(): void {
    const held = lock
    lock = undefined
    held?.released.open()
  }

  function* underLock(process: number): Task<RefreshOutcome> {
    if (needsReauth) return { kind: 'needs-reauth' }
    const isFresh = refreshAction(tokens, timeline.now()) === 'fresh'
    if (journaledAttempts === 0 && isFresh) return { kind: 'usable' }
    const { refreshToken } = tokens
    if (refreshToken === undefined) return { kind: 'needs-reauth' }
    // The first repetition of an abandoned refresh is sent at once.
    const waitSeconds = notBeforeSeconds - timeline.now()
    if (waitSeconds > 0 && journaledAttempts !== 1) {
      return { kind: 'not-now', retryAfterSeconds: waitSeconds }
    }
    journaledAttempts += 1
    const answer = yield* world.refresh(process, refreshToken)
    if (answer.kind === 'tokens') {
      save(answer.tokens)
      return { kind: 'usable' }
    }
    if (answer.kind === 'refused') {
      needsReauth = true
      journaledAttempts = 0
      return { kind: 'needs-reauth' }
    }
    // The server has not used the token. After a lost response, it may have.
    if (answer.kind === 'unavailable') journaledAttempts -= 1
    else if (journaledAttempts === 1) return { kind: 'not-now', retryAfterSeconds: 0 }
    return backOff()
  }

  function save(received: Tokens): void {
    tokens = received
    journaledAttempts = 0
    failures = 0
  }

  function backOff(): RefreshOutcome {
    const retryAfterSeconds = Math.min(maximumBackoffSeconds, firstBackoffSeconds * 2 ** failures)
    failures += 1
    notBeforeSeconds = timeline.now() + retryAfterSeconds
    return { kind: 'not-now', retryAfterSeconds }
  }

  return {
    tokens: () => tokens,
    needsReauth: () => needsReauth,
    isJournaled: () => journaledAttempts > 0,
    *refresh(process) {
      for (let held = lock; held !== undefined; held = lock) yield held.released
      lock = { holder: process, released: createLatch() }
      try {
        return yield* underLock(process)
      } finally {
        release()
      }
    },
    releaseLockOf(process) {
      if (lock?.holder === process) release()
    },
    signedIn(received) {
      save(received)
      needsReauth = received.refreshToken === undefined
    },
  }
}
