import { EvergrantClientError } from '../lib/errors.ts'
import { backoffSeconds, failedRefreshes } from '../grant/next-refresh.ts'
import type { RefreshWorkerEvent } from './api.ts'
import type { DueGrant, WaitingGrant } from './due-grant.ts'
import type { LaterReason, RefreshDueContext, RefreshResult } from './refresh-due-grant.ts'
import { refreshDueGrant } from './refresh-due-grant.ts'
import type { ServerQueue } from './server-queue.ts'
import type { UnsavedWork } from './unsaved-work.ts'

/** How long a grant waits that no binding belongs to. */
const unboundPauseSeconds = 3600
/** Pause after a failure of the store. */
const storePauseSeconds = 5
/** Another process is refreshing the grant, and is probably finished soon. */
const busyPauseSeconds = 4
const refusedPauseSeconds = 3600
/** How long a grant waits that cannot be refreshed for a reason of its record or its binding. */
const unusablePauseSeconds = 30
/** Grants that failed together are not repeated together. */
const jitterShare = 0.2

/** What refresh attempts need. */
export interface RefreshAttemptsOptions {
  readonly context: RefreshDueContext
  readonly unsaved: UnsavedWork
  /** Counted up by the attempts. */
  readonly counts: { refreshed: number; adopted: number; postponed: number }
  readonly random: () => number
  readonly report: (event: RefreshWorkerEvent) => void
  /** A grant of an earlier version names no MCP server. */
  readonly onUnlinked: () => void
}

/** Refreshes a grant that has a place at its server, and decides when it is due again. */
export type RefreshAttempts = (grant: WaitingGrant, queue: ServerQueue) => Promise<void>

export function refreshAttempts(options: RefreshAttemptsOptions): RefreshAttempts {
  const { context, counts, report } = options
  const { store, clock } = context

  async function refresh(grant: WaitingGrant, queue: ServerQueue): Promise<void> {
    const startedAt = clock.nowEpochSeconds()
    try {
      const result = await refreshDueGrant(context, grant)
        .catch((error: unknown) => unusable(grant, error))
        .finally(() => queue.ended(Math.max(0, clock.nowEpochSeconds() - startedAt)))
      if (result !== undefined) await afterRefresh(grant, queue, result)
    } catch (error) {
      pause(queue, 'store-unwritable', storePauseSeconds)
      throw error
    }
  }

  /** Puts one grant off, if the reason for the error is not that the store fails. */
  async function unusable({ id, stored }: DueGrant, error: unknown): Promise<undefined> {
    if (EvergrantClientError.is(error) && storeFailures.has(error.code)) throw error
    report({ type: 'refresh-worker-failed', issuer: stored.grant.identity.issuer, error })
    // Does nothing if the refresh was journaled. A journal has its own due time.
    await store.due.set(id, stored.generation, unusablePauseSeconds)
  }

  async function afterRefresh(
    grant: DueGrant,
    queue: ServerQueue,
    result: RefreshResult,
  ): Promise<void> {
    switch (result.kind) {
      case 'refreshed':
      case 'adopted':
        counts[result.kind] += 1
        // New tokens show that the server answers, even if another process obtained them.
        queue.answered()
        return
      case 'inactive':
        return
      case 'no-binding':
        if (grant.stored.grant.serverUrl === undefined) options.onUnlinked()
        await store.due.set(grant.id, grant.stored.generation, unboundPauseSeconds)
        return
      case 'unsaved':
        counts.refreshed += 1
        options.unsaved.keep(result.tokens)
        return
      case 'later':
        await repeatLater(grant, queue, result)
    }
  }

  async function repeatLater(
    { id, stored: claimedAs }: DueGrant,
    queue: ServerQueue,
    { because, retryAfterSeconds = storePauseSeconds, stored = claimedAs }: LaterResult,
  ): Promise<void> {
    counts.postponed += 1
    const { pauses, seconds } = delayAfter(because, retryAfterSeconds)
    if (pauses) pause(queue, because, seconds)
    const backoff = backoffSeconds(failedRefreshes(stored.grant))
    const jitter = 1 + jitterShare * options.random()
    await store.due.set(id, stored.generation, Math.max(seconds, backoff) * jitter)
  }

  function pause(queue: ServerQueue, because: LaterReason, seconds: number): void {
    const before = queue.pausedUntilEpochSeconds
    queue.pause(seconds)
    const untilEpochSeconds = queue.pausedUntilEpochSeconds
    if (untilEpochSeconds <= before) return
    const { issuer } = queue
    report({ type: 'refresh-worker-paused', issuer, because, untilEpochSeconds })
  }

  return refresh
}

const storeFailures: ReadonlySet<string> = new Set([
  'TOKEN_STORE_UNAVAILABLE',
  'TOKEN_STORE_WRITE_FAILED',
])

type LaterResult = Extract<RefreshResult, { kind: 'later' }>

/** How long a grant waits, and whether all grants of its server wait. */
function delayAfter(
  because: LaterReason,
  retryAfterSeconds: number,
): { readonly pauses: boolean; readonly seconds: number } {
  switch (because) {
    case 'lock-busy':
      return { pauses: false, seconds: busyPauseSeconds }
    case 'lock-unavailable':
    case 'store-unwritable':
      return { pauses: true, seconds: storePauseSeconds }
    case 'request-refused':
      return { pauses: false, seconds: refusedPauseSeconds }
    case 'response-lost':
      return { pauses: false, seconds: 0 }
    case 'backing-off':
    case 'server-unavailable':
    default:
      return { pauses: true, seconds: retryAfterSeconds }
  }
}
