import { EvergrantClientError } from '../lib/errors.ts'
import {
  backoffSeconds,
  dueInSeconds,
  failedRefreshes,
  planRefresh,
} from '../grant/next-refresh.ts'
import type { ClaimedGrant } from '../stores/due.ts'
import { neverDue } from '../stores/due.ts'
import type { RefreshWorkerEvent, RefreshWorkerStats } from './api.ts'
import type { DeliveryContext } from './deliver-notice.ts'
import { deliverNotice, unreportedEnd } from './deliver-notice.ts'
import type { DueGrant, OpenDueGrantOptions, WaitingGrant } from './due-grant.ts'
import { openDueGrant } from './due-grant.ts'
import type { LaterReason, RefreshDueContext, RefreshResult } from './refresh-due-grant.ts'
import { refreshDueGrant } from './refresh-due-grant.ts'
import type { ServerQueue } from './server-queue.ts'
import type { UnsavedWork } from './unsaved-work.ts'

/** How long a grant waits whose record cannot be read, or that no binding belongs to. */
const unusablePauseSeconds = 3600
/** Pause after a failure of the store. */
const storePauseSeconds = 5
/** Another process is refreshing the grant, and is probably finished soon. */
const busyPauseSeconds = 4
const refusedPauseSeconds = 3600
/** Grants that failed together are not repeated together. */
const jitterShare = 0.2

/** What a worker does with the grants that it has claimed. */
export interface DueWork {
  /** How many claimed grants are not settled yet. */
  readonly inFlight: number
  /** How many grants were taken, since the worker was created. */
  readonly taken: number
  readonly counts: Counts
  /** Takes care of claimed grants. One that is under way already is skipped. */
  take(claimed: readonly ClaimedGrant[]): void
  /** Refreshes a grant that got a place in the budget of its server. */
  start(grant: WaitingGrant, queue: ServerQueue): void
  /** Makes a grant due again later. */
  postpone(grant: DueGrant, seconds: number): void
  /** Resolves when no request and no write is under way. */
  settled(): Promise<void>
}

/** The counts of `RefreshWorkerStats`. */
export type Counts = Readonly<
  Pick<RefreshWorkerStats, 'refreshed' | 'adopted' | 'postponed' | 'notified'>
>

/** What the work needs. */
export interface DueWorkOptions {
  readonly context: RefreshDueContext
  readonly timing: OpenDueGrantOptions['timing']
  /** Absent if the host receives no notices. */
  readonly delivery: DeliveryContext | undefined
  readonly unsaved: UnsavedWork
  readonly queueOf: (issuer: string) => ServerQueue
  readonly random: () => number
  readonly report: (event: RefreshWorkerEvent) => void
  /** A grant is settled, so there is room for another one, or it waits for its server. */
  readonly onChange: () => void
  /** A grant of an earlier version names no MCP server. */
  readonly onUnlinked: () => void
}

export function createDueWork(options: DueWorkOptions): DueWork {
  const { context, delivery, report } = options
  const { store, clock } = context
  const claimed = new Set<string>()
  const running = new Set<Promise<void>>()
  let taken = 0
  const counts = { refreshed: 0, adopted: 0, postponed: 0, notified: 0 }

  function track(issuer: string | undefined, work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => report({ type: 'refresh-worker-failed', issuer, error }))
      .finally(() => running.delete(tracked))
    running.add(tracked)
  }

  function settle(id: string): void {
    claimed.delete(id)
    options.onChange()
  }

  async function open(grant: ClaimedGrant): Promise<DueGrant | undefined> {
    const { id } = grant
    const nowEpochSeconds = clock.nowEpochSeconds()
    const opened =
      grant.record === undefined
        ? grant.unreadable.error
        : await openDueGrant(id, grant.record, { store, timing: options.timing, nowEpochSeconds })
    if (!EvergrantClientError.is(opened)) return opened
    report({ type: 'refresh-worker-failed', issuer: undefined, error: opened })
    const { generation } = grant.record ?? grant.unreadable
    // Does nothing if the record was set aside.
    await store.due.set(id, generation, unusablePauseSeconds)
    return undefined
  }

  /** Looks at a claimed grant. It is settled, unless it waits for its server now. */
  async function look(grant: ClaimedGrant): Promise<void> {
    let waits = false
    try {
      const due = await open(grant)
      if (due === undefined) return
      const { id, timing, stored } = due
      if (unreportedEnd(stored.grant) !== undefined && delivery !== undefined) {
        await deliver(delivery, due)
        return
      }
      const now = clock.nowEpochSeconds()
      const plan = planRefresh(stored.grant, timing, now)
      const seconds = 'inactive' in plan ? neverDue : dueInSeconds(stored.grant, timing, now)
      if ('inactive' in plan || plan.reason === undefined) {
        await store.due.set(id, stored.generation, seconds)
        return
      }
      waits = true
      options.queueOf(stored.grant.identity.issuer).add({ ...due, reason: plan.reason })
    } finally {
      if (waits) options.onChange()
      else settle(grant.id)
    }
  }

  async function deliver(context: DeliveryContext, due: DueGrant): Promise<void> {
    const outcome = await deliverNotice(context, due)
    if (outcome === 'delivered') counts.notified += 1
    if (outcome === 'busy') await store.due.set(due.id, due.stored.generation, busyPauseSeconds)
  }

  async function refresh(grant: WaitingGrant, queue: ServerQueue): Promise<void> {
    const startedAt = clock.nowEpochSeconds()
    try {
      const result = await refreshDueGrant(context, grant).finally(() =>
        queue.ended(Math.max(0, clock.nowEpochSeconds() - startedAt)),
      )
      await afterRefresh(grant, queue, result)
    } catch (error) {
      const isUnreadable = EvergrantClientError.is(error) && error.code === 'RECORD_UNREADABLE'
      if (!isUnreadable) pause(queue, 'store-unwritable', storePauseSeconds)
      throw error
    } finally {
      settle(grant.id)
    }
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
        await store.due.set(grant.id, grant.stored.generation, unusablePauseSeconds)
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

  return {
    get inFlight() {
      return claimed.size
    },
    get taken() {
      return taken
    },
    counts,
    take(grants) {
      for (const grant of grants) {
        if (claimed.has(grant.id)) continue
        claimed.add(grant.id)
        taken += 1
        track(undefined, look(grant))
      }
    },
    start: (grant, queue) => track(queue.issuer, refresh(grant, queue)),
    postpone(grant, seconds) {
      counts.postponed += 1
      const { id, stored } = grant
      track(
        undefined,
        store.due.set(id, stored.generation, Math.max(0, seconds)).finally(() => settle(id)),
      )
    },
    async settled() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}

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
      return { pauses: true, seconds: retryAfterSeconds }
  }
}
