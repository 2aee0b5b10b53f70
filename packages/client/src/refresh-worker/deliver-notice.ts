import { backoffSeconds } from '../grant/next-refresh.ts'
import type { Grant, GrantEnd, PendingNotice } from '../grant/grant.ts'
import type { GrantRepository } from '../grant/grant-repository.ts'
import { grantRepository } from '../grant/grant-repository.ts'
import { persistently } from '../grant/persistently.ts'
import type { Clock } from '../lib/clock.ts'
import { isObject } from '../lib/is-object.ts'
import { neverDue } from '../stores/due.ts'
import type { RecordStore } from '../stores/store.ts'
import type { RefreshWorkerEvent } from './api.ts'
import type { DueGrant } from './due-grant.ts'
import type { NeedsReauthNotice } from './needs-reauth-notice.ts'

/** The longest time after which a failed delivery is repeated. */
const longestRetrySeconds = 3600
/** The host gets this long to store a notice. After that, the delivery has failed. */
const deliveryTimeoutSeconds = 30

/** How long a notice is kept for workers that can deliver it. */
const keptSeconds = 7 * 86_400
/** When other workers get the chance to claim a notice: soon at first, and then less and less often. */
const shortestChanceSeconds = 4
const longestChanceSeconds = 3600

/** What deliveries need. */
export interface DeliveryContext {
  readonly store: RecordStore
  readonly clock: Clock
  readonly onNeedsReauth: (notice: NeedsReauthNotice) => Promise<void>
  readonly report: (event: RefreshWorkerEvent) => void
}

/** A grant that needs the user, and whose host may not know it yet. */
export interface UnreportedEnd {
  readonly notice: PendingNotice
  readonly ended: GrantEnd
}

/** The notice that a grant holds, if it is still to be delivered. */
export function unreportedEnd({ state, notice, ended }: Grant): UnreportedEnd | undefined {
  return state === 'needs-reauth' && notice !== undefined && ended !== undefined
    ? { notice, ended }
    : undefined
}

/**
 * When a notice is due again that a worker without a handler has claimed, in seconds. A worker with a
 * handler can claim it then.
 */
export function dueForOthersInSeconds({ ended }: UnreportedEnd, nowEpochSeconds: number): number {
  const age = nowEpochSeconds - ended.atEpochSeconds
  if (age > keptSeconds) return neverDue
  return Math.min(longestChanceSeconds, Math.max(shortestChanceSeconds, age))
}

/**
 * Delivers the notice of a grant, and removes it from the record when the host has confirmed it. If
 * the process ends in between, the notice is delivered again.
 *
 * The lock of the grant keeps two workers from delivering at the same time.
 *
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`, `TOKEN_STORE_WRITE_FAILED`
 */
export async function deliverNotice(
  context: DeliveryContext,
  { id, stored, timing }: DueGrant,
): Promise<'delivered' | 'failed' | 'nothing-to-do' | 'busy'> {
  const { store, clock } = context
  const locking = await store.lock({ kind: 'grant', id })
  if (locking.outcome !== 'acquired') return 'busy'
  try {
    const repository = grantRepository(stored.grant.identity, id, { store, clock, timing })
    return await deliverUnderLock(context, id, repository)
  } finally {
    await locking.lock.release()
  }
}

async function deliverUnderLock(
  context: DeliveryContext,
  id: string,
  repository: GrantRepository,
): Promise<'delivered' | 'failed' | 'nothing-to-do'> {
  const { report, store } = context
  const current = await repository.read()
  const end = current && unreportedEnd(current.grant)
  if (current === undefined || end === undefined) return 'nothing-to-do'
  const { issuer } = current.grant.identity
  const attempt = end.notice.failures + 1
  try {
    await withinTime(context.clock, context.onNeedsReauth(noticeOf(current.grant, end)))
  } catch (error) {
    const asked = retryAfterOf(error) ?? 0
    const own = backoffSeconds(attempt)
    const retryAfterSeconds = Math.min(longestRetrySeconds, Math.max(own, asked))
    const notice = { ...end.notice, failures: attempt }
    const written = await repository.write({ ...current.grant, notice }, current.generation)
    if (written !== undefined) await store.due.set(id, written.generation, retryAfterSeconds)
    report({ type: 'refresh-worker-notice-failed', issuer, attempt, retryAfterSeconds, error })
    return 'failed'
  }
  const { notice: _delivered, ...grant } = current.grant
  // On a conflict, the user has signed in again, or out. The new record holds no notice of this end.
  await persistently(context.clock, () => repository.write(grant, current.generation))
  report({ type: 'refresh-worker-notified', issuer, attempt })
  return 'delivered'
}

function noticeOf(
  { identity, serverUrl }: Grant,
  { notice, ended }: UnreportedEnd,
): NeedsReauthNotice {
  return {
    id: notice.id,
    attempt: notice.failures + 1,
    ...identity,
    ...(serverUrl === undefined ? {} : { serverUrl }),
    reason: ended.reason,
    ...(ended.oauthError === undefined ? {} : { oauthError: ended.oauthError }),
    ...(ended.detail === undefined ? {} : { detail: ended.detail }),
    endedAtEpochSeconds: ended.atEpochSeconds,
  }
}

/** A handler that never answers must not keep the grant locked. */
async function withinTime(clock: Clock, delivery: Promise<void>): Promise<void> {
  const answered = new AbortController()
  async function failAfterTimeout(): Promise<never> {
    await clock.sleep(deliveryTimeoutSeconds * 1000, answered.signal)
    throw new Error(
      `The notice was not delivered: onNeedsReauth did not resolve within ${deliveryTimeoutSeconds} s. It is called again later.`,
    )
  }
  try {
    await Promise.race([delivery, failAfterTimeout()])
  } finally {
    answered.abort()
  }
}

function retryAfterOf(error: unknown): number | undefined {
  const seconds: unknown = isObject(error) ? error['retryAfterSeconds'] : undefined
  return typeof seconds === 'number' && seconds >= 0 ? seconds : undefined
}
