import { EvergrantClientError } from '../lib/errors.ts'
import { dueInSeconds, planRefresh } from '../grant/next-refresh.ts'
import type { ClaimedGrant } from '../stores/due.ts'
import { neverDue } from '../stores/due.ts'
import type { RefreshWorkerStats } from './api.ts'
import type { DeliveryContext } from './deliver-notice.ts'
import { dueForOthersInSeconds, unreportedEnd } from './deliver-notice.ts'
import type { DueGrant, OpenDueGrantOptions, WaitingGrant } from './due-grant.ts'
import { openDueGrant } from './due-grant.ts'
import { noticeDeliveries } from './notice-deliveries.ts'
import type { RefreshAttemptsOptions } from './refresh-attempts.ts'
import { refreshAttempts } from './refresh-attempts.ts'
import type { ServerQueue } from './server-queue.ts'

/**
 * How long a grant waits whose record this worker cannot read. It is short, because another worker
 * may have the key or the version that this one lacks.
 */
const unreadablePauseSeconds = 30
/** The share of the grants in flight whose notices may be under way to the host. */
const deliveryShare = 0.25

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
export interface DueWorkOptions extends Omit<RefreshAttemptsOptions, 'counts'> {
  readonly timing: OpenDueGrantOptions['timing']
  /** Absent if the host receives no notices. */
  readonly delivery: DeliveryContext | undefined
  readonly maximumInFlight: number
  readonly queueOf: (issuer: string) => ServerQueue
  /** A grant is settled, so there is room for another one, or it waits for its server. */
  readonly onChange: () => void
}

export function createDueWork(options: DueWorkOptions): DueWork {
  const { context, maximumInFlight, random, report } = options
  const { store, clock } = context
  const claimed = new Set<string>()
  const running = new Set<Promise<void>>()
  let taken = 0
  const counts = { refreshed: 0, adopted: 0, postponed: 0, notified: 0 }
  const maximumAtOnce = Math.max(1, Math.floor(maximumInFlight * deliveryShare))
  const deliver =
    options.delivery && noticeDeliveries({ ...options.delivery, maximumAtOnce, random })
  const refresh = refreshAttempts({ ...options, counts })

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
    await store.due.set(id, generation, unreadablePauseSeconds)
    return undefined
  }

  /** Looks at a claimed grant. It is settled, unless it waits for its server now. */
  async function look(grant: ClaimedGrant): Promise<void> {
    let waits = false
    try {
      const due = await open(grant)
      if (due === undefined) return
      const { id, timing, stored } = due
      const now = clock.nowEpochSeconds()
      const end = unreportedEnd(stored.grant)
      if (end !== undefined && deliver === undefined) {
        await store.due.set(id, stored.generation, dueForOthersInSeconds(end, now))
        return
      }
      if (end !== undefined && deliver !== undefined) {
        const { outcome, againInSeconds } = await deliver(due)
        if (outcome === 'delivered') counts.notified += 1
        if (outcome === 'postponed') counts.postponed += 1
        if (againInSeconds !== undefined) await store.due.set(id, stored.generation, againInSeconds)
        return
      }
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
    start(grant, queue) {
      const refreshed = refresh(grant, queue).finally(() => settle(grant.id))
      track(queue.issuer, refreshed)
    },
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
