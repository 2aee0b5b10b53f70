import type { Latch, Task } from '../lib/timeline.ts'
import { createLatch } from '../lib/timeline.ts'
import type { Tokens } from '../server/authorization-server.ts'
import type { World } from '../world/world.ts'
import type { ModeledClient } from './client-model.ts'
import { refreshAction } from './refresh-action.ts'
import { createSharedGrant } from './shared-grant.ts'
import type { RefreshOutcome } from './shared-grant.ts'

const maximumWaitSeconds = 15
const shortestPauseSeconds = 0.05

/**
 * Evergrant's client: one refresh for all calls of a process, over a grant that all processes share.
 * `decideRefresh` of `@evergrant/core` decides when to refresh.
 */
export function createOurClient(world: World): ModeledClient {
  const { timeline } = world
  const grant = createSharedGrant(world)
  const memory = new Map<number, Tokens>()
  const underWay = new Map<number, Latch>()
  const outcomes = new Map<number, RefreshOutcome>()
  const signingIn = new Map<number, Latch>()

  const actionFor = (tokens: Tokens) => refreshAction(tokens, timeline.now())

  /** The refresh of a process: the running one, otherwise a new one. */
  function refreshOnce(process: number): Latch {
    const running = underWay.get(process)
    if (running !== undefined) return running
    const finished = createLatch()
    underWay.set(process, finished)
    world.startIn(process, runRefresh(process, finished))
    return finished
  }

  function* runRefresh(process: number, finished: Latch): Task {
    const outcome = yield* grant.refresh(process)
    if (outcome.kind === 'usable') memory.set(process, grant.tokens())
    outcomes.set(process, outcome)
    underWay.delete(process)
    finished.open()
  }

  /** All calls of a process wait for one sign-in. */
  function* signIn(process: number): Task {
    const opened = signingIn.get(process) ?? world.openPage(process)
    signingIn.set(process, opened)
    yield opened
  }

  /** @returns Whether the token of the process, or of the store, serves a call now. */
  function serves(process: number): boolean {
    const stored = grant.tokens()
    const action = actionFor(memory.get(process) ?? stored)
    if (action === 'fresh') return true
    // Before anything is sent, the store is read: another process may have refreshed.
    if (actionFor(stored) === 'fresh' && !grant.isJournaled()) {
      memory.set(process, stored)
      return true
    }
    if (action === 'expired') return false
    if (!grant.needsReauth()) refreshOnce(process)
    return true
  }

  function forget(process: number): void {
    memory.delete(process)
    underWay.delete(process)
    signingIn.delete(process)
    grant.releaseLockOf(process)
  }

  return {
    isReady: serves,
    *call(process) {
      const deadlineSeconds = timeline.now() + maximumWaitSeconds
      while (!serves(process)) {
        if (grant.needsReauth()) {
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
      grant.signedIn(tokens)
      memory.clear()
      signingIn.clear()
    },
    killed: forget,
    restarted(process) {
      forget(process)
      // The journal in the store says that a refresh was not finished.
      if (grant.isJournaled()) refreshOnce(process)
    },
  }
}
