import { decideRefresh } from '@evergrant/core'
import type { Latch, Task } from '../lib/timeline.ts'
import { createLatch } from '../lib/timeline.ts'
import type { Tokens } from '../server/authorization-server.ts'
import type { World } from '../world/world.ts'
import type { ModeledClient } from './client-model.ts'

const maximumWaitSeconds = 15
const shortestPauseSeconds = 0.05
const firstBackoffSeconds = 0.5
const maximumBackoffSeconds = 60

/** How one attempt of a process ended. */
type Outcome =
  | { readonly kind: 'usable' | 'needs-reauth' }
  | { readonly kind: 'not-now'; readonly retryAfterSeconds: number }

/**
 * Evergrant's client: the refresh transaction over one store, as docs/explanation/refresh-transaction.md
 * describes it. One refresh for all calls of a process, one process at a time, a second look at the
 * store under the lock, a journal, a shared back-off. `decideRefresh` of `@evergrant/core` decides
 * when to refresh.
 */
export function createEvergrantClient(world: World): ModeledClient {
  const { timeline } = world
  const memory = new Map<number, Tokens>()
  const underWay = new Map<number, Latch>()
  const outcomes = new Map<number, Outcome>()
  let stored = world.firstTokens
  let needsReauth = stored.refreshToken === undefined
  let journaledAttempts = 0
  let failures = 0
  let notBeforeSeconds = 0
  const signingIn = new Map<number, Latch>()
  let lock: { readonly holder: number; readonly released: Latch } | undefined

  const known = (process: number): Tokens => memory.get(process) ?? stored
  const actionFor = (tokens: Tokens) => decideRefresh(tokens, timeline.now()).action

  function release(): void {
    const held = lock
    lock = undefined
    held?.released.open()
  }

  function* takeLock(process: number): Task {
    while (lock !== undefined) yield lock.released
    lock = { holder: process, released: createLatch() }
  }

  function* transact(process: number): Task<Outcome> {
    yield* takeLock(process)
    try {
      return yield* underLock(process)
    } finally {
      release()
    }
  }

  function* underLock(process: number): Task<Outcome> {
    if (needsReauth) return { kind: 'needs-reauth' }
    if (journaledAttempts === 0 && actionFor(stored) === 'fresh') {
      memory.set(process, stored)
      return { kind: 'usable' }
    }
    const { refreshToken } = stored
    if (refreshToken === undefined) return { kind: 'needs-reauth' }
    // The first repetition of an abandoned refresh is sent at once.
    const waitSeconds = notBeforeSeconds - timeline.now()
    if (waitSeconds > 0 && journaledAttempts !== 1) {
      return { kind: 'not-now', retryAfterSeconds: waitSeconds }
    }
    journaledAttempts += 1
    const answer = yield* world.refresh(process, refreshToken)
    switch (answer.kind) {
      case 'tokens':
        stored = answer.tokens
        memory.set(process, stored)
        journaledAttempts = 0
        failures = 0
        return { kind: 'usable' }
      case 'refused':
        needsReauth = true
        journaledAttempts = 0
        return { kind: 'needs-reauth' }
      case 'unavailable':
        journaledAttempts -= 1
        return backOff()
      case 'lost':
        return journaledAttempts <= 1 ? { kind: 'not-now', retryAfterSeconds: 0 } : backOff()
    }
  }

  function backOff(): Outcome {
    const retryAfterSeconds = Math.min(maximumBackoffSeconds, firstBackoffSeconds * 2 ** failures)
    failures += 1
    notBeforeSeconds = timeline.now() + retryAfterSeconds
    return { kind: 'not-now', retryAfterSeconds }
  }

  /** The refresh of a process: the running one, otherwise a new one. */
  function refreshOnce(process: number): Latch {
    const running = underWay.get(process)
    if (running !== undefined) return running
    const finished = createLatch()
    underWay.set(process, finished)
    world.startIn(
      process,
      (function* run(): Task {
        outcomes.set(process, yield* transact(process))
        underWay.delete(process)
        finished.open()
      })(),
    )
    return finished
  }

  /** All calls of a process wait for one sign-in. */
  function* signIn(process: number): Task {
    const opened = signingIn.get(process) ?? world.openPage(process)
    signingIn.set(process, opened)
    yield opened
  }

  /** @returns Whether the token of the process, or of the store, serves a call now. */
  function serves(process: number): boolean {
    const action = actionFor(known(process))
    if (action === 'fresh') return true
    // Before anything is sent, the store is read: another process may have refreshed.
    if (actionFor(stored) === 'fresh' && journaledAttempts === 0) {
      memory.set(process, stored)
      return true
    }
    if (action === 'expired') return false
    if (!needsReauth) refreshOnce(process)
    return true
  }

  function forget(process: number): void {
    memory.delete(process)
    underWay.delete(process)
    signingIn.delete(process)
    // The kernel or the database releases the lock of a process that died.
    if (lock?.holder === process) release()
  }

  return {
    isReady: serves,
    *call(process) {
      const deadlineSeconds = timeline.now() + maximumWaitSeconds
      while (!serves(process)) {
        if (needsReauth) {
          yield* signIn(process)
          continue
        }
        yield refreshOnce(process)
        const outcome = outcomes.get(process)
        if (outcome?.kind !== 'not-now') continue
        const pauseSeconds = Math.max(outcome.retryAfterSeconds, shortestPauseSeconds)
        if (timeline.now() + pauseSeconds > deadlineSeconds) {
          world.record('call-failed', process)
          return
        }
        yield pauseSeconds
      }
    },
    signedIn(tokens) {
      stored = tokens
      memory.clear()
      needsReauth = tokens.refreshToken === undefined
      journaledAttempts = 0
      signingIn.clear()
    },
    killed: forget,
    restarted(process) {
      forget(process)
      // The journal in the store says that a refresh was not finished.
      if (journaledAttempts > 0) refreshOnce(process)
    },
  }
}
