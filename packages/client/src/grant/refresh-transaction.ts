import { decideRefresh } from '@evergrant/core'
import { EvergrantClientError } from '../lib/errors.ts'
import { aboutGrant } from '../lib/events.ts'
import type { HeldLock } from '../stores/store.ts'
import { exchangeAndSave } from './exchange-and-save.ts'
import type { PendingRefresh } from './grant.ts'
import type { StoredGrant } from './grant-repository.ts'
import { secondsUntilAbandoned } from './lost-locks.ts'
import type { RefreshContext, RefreshRequest } from './refresh-context.ts'
import type { RefreshOutcome } from './refresh-outcome.ts'
import { recentRefusal } from './refresh-refusal.ts'

/** A write that loses a race is repeated. More repetitions than this are not a race. */
const maximumRereads = 5
const underWayRetrySeconds = 1

/**
 * Refreshes a grant once, even if other processes try at the same time.
 *
 * Lock, read again, adopt what another process stored, respect the shared back-off, journal, send,
 * merge, save. This order leaves the old token set or the new one wherever the process is killed
 * (C-51, C-52). Only `invalid_grant` for the stored token ends the grant, and the record is marked,
 * not deleted (C-53). Any other refusal is recorded (C-59).
 *
 * @throws EvergrantClientError `RECORD_UNREADABLE`, `TOKEN_STORE_UNAVAILABLE`
 */
export async function refreshGrant(
  context: RefreshContext,
  request: RefreshRequest,
): Promise<RefreshOutcome> {
  const { repository, clock, observe, lockWaitMilliseconds } = context
  const waitedFrom = clock.nowEpochSeconds()
  const locking = await repository.lock({ waitMilliseconds: lockWaitMilliseconds })
  observe({
    ...aboutGrant(repository.identity),
    type: 'lock-waited',
    outcome: locking.outcome,
    durationSeconds: Math.max(0, clock.nowEpochSeconds() - waitedFrom),
  })
  if (locking.outcome === 'busy') {
    return await withoutLock(context, request, {
      because: 'lock-busy',
      detail: `another process${locking.holder === undefined ? '' : ` (${locking.holder})`} is refreshing this grant and has not finished; it may be suspended, or unable to save its tokens`,
    })
  }
  if (locking.outcome === 'unavailable') {
    return await withoutLock(context, request, {
      because: 'lock-unavailable',
      detail: `the store cannot lock: ${locking.reason}`,
      cause: locking.cause,
    })
  }
  let lockTakenOver = false
  try {
    const outcome = await underLock(context, request, locking.lock)
    lockTakenOver = outcome.kind === 'unsaved'
    return outcome
  } finally {
    if (!lockTakenOver) await locking.lock.release()
  }
}

/** Without the lock nothing is sent, but tokens that another process stored can be adopted. */
async function withoutLock(
  context: RefreshContext,
  request: RefreshRequest,
  why: {
    readonly because: 'lock-busy' | 'lock-unavailable'
    readonly detail: string
    readonly cause?: unknown
  },
): Promise<RefreshOutcome> {
  const stored = await context.repository.read()
  const settled = stored && settledWithoutRequest(context, request, stored)
  if (settled !== undefined) return settled
  return { kind: 'not-now', stored, retryAfterSeconds: undefined, ...why }
}

async function underLock(
  context: RefreshContext,
  request: RefreshRequest,
  lock: HeldLock,
): Promise<RefreshOutcome> {
  const { repository, observe } = context
  const about = aboutGrant(repository.identity)
  // A journal that was read before the lock may be that of the last holder, which has saved its tokens.
  const known = request.known?.grant.pending === undefined ? request.known : undefined
  for (let reread = 0; reread < maximumRereads; reread += 1) {
    const stored = (reread === 0 ? known : undefined) ?? (await repository.read())
    if (stored === undefined) return { kind: 'absent' }
    const abandoned = stored.grant.pending
    // An abandoned refresh is repeated even if the access token is fresh: a server with grace
    // replays the lost response only for a short time.
    if (abandoned === undefined || stored.grant.state !== 'active') {
      const settled = settledWithoutRequest(context, request, stored)
      if (settled !== undefined) return settled
    } else {
      const underWay = maybeUnderWay(context, stored, abandoned, lock)
      if (underWay !== undefined) return underWay
      observe({ ...about, type: 'refresh-recovering', attempts: abandoned.attempts })
    }
    const { tokenSet } = stored.grant
    if (tokenSet?.refreshToken === undefined) return { kind: 'no-refresh-token', stored }
    const refusal = recentRefusal(stored.grant, context.clock)
    // Another process may have a newer client secret.
    if (refusal !== undefined && refusal.oauthError !== 'invalid_client') {
      return { kind: 'refused', stored, refusal }
    }

    // The first repetition of an abandoned refresh is sent at once. Other requests respect the
    // back-off.
    if (abandoned === undefined || abandoned.attempts > 1) {
      const deferred = await deferral(context, request, stored)
      if (deferred !== undefined) return deferred
    }
    if (!lock.isHeld()) continue

    const journaled = await writeJournal(context, stored)
    if (journaled === 'conflict') continue
    if ('kind' in journaled) return journaled
    // A lease can run out while this process is suspended. Another process may have rotated the
    // refresh token since, so it is not sent.
    if (!lock.isHeld()) continue

    return await exchangeAndSave(context, request, journaled, tokenSet.refreshToken, lock)
  }
  return {
    kind: 'not-now',
    stored: undefined,
    because: 'lock-busy',
    detail: 'the stored grant kept changing under the lock',
    retryAfterSeconds: undefined,
  }
}

/** The outcome if the request of an abandoned refresh may still be under way. */
function maybeUnderWay(
  { clock, requestTimeoutMilliseconds }: RefreshContext,
  stored: StoredGrant,
  pending: PendingRefresh,
  lock: HeldLock,
): RefreshOutcome | undefined {
  const now = clock.nowEpochSeconds()
  const waitSeconds = secondsUntilAbandoned(pending, lock, now, requestTimeoutMilliseconds)
  if (waitSeconds === 0) return undefined
  return {
    kind: 'not-now',
    stored,
    because: 'lock-busy',
    detail:
      'the store lost its locks a short time ago, so the request of another process may still be under way',
    // The other process can save its tokens at any moment.
    retryAfterSeconds: Math.min(waitSeconds, underWayRetrySeconds),
  }
}

/** The outcome if the stored grant already answers the request, otherwise `undefined`. */
function settledWithoutRequest(
  context: RefreshContext,
  request: RefreshRequest,
  stored: StoredGrant,
): RefreshOutcome | undefined {
  const about = aboutGrant(context.repository.identity)
  const { state, tokenSet } = stored.grant
  if (state === 'signed-out') return { kind: 'signed-out' }
  if (state === 'needs-reauth') return { kind: 'needs-reauth', stored }
  if (tokenSet === undefined) return undefined
  if (tokenSet.accessToken === request.rejectedAccessToken) return undefined
  const { action } = decideRefresh(tokenSet, context.clock.nowEpochSeconds(), context.timing)
  if (action === 'expired') return undefined
  // After a 401, any other usable token is worth a try: it was stored after the rejected one (C-54).
  if (action === 'refresh-in-background' && request.rejectedAccessToken === undefined) {
    return undefined
  }
  context.observe({ ...about, type: 'refresh-adopted', reason: request.reason })
  return { kind: 'adopted', stored }
}

async function deferral(
  context: RefreshContext,
  request: RefreshRequest,
  stored: StoredGrant,
): Promise<RefreshOutcome | undefined> {
  const health = await context.health.read()
  const waitSeconds = health.notBeforeEpochSeconds - context.clock.nowEpochSeconds()
  if (waitSeconds <= 0) return undefined
  context.observe({
    ...aboutGrant(context.repository.identity),
    type: 'refresh-deferred',
    reason: request.reason,
    because: health.reason,
    retryAfterSeconds: waitSeconds,
  })
  return {
    kind: 'not-now',
    stored,
    because: 'backing-off',
    detail: `requests to the authorization server pause for ${Math.ceil(waitSeconds)} s more after: ${health.reason}`,
    retryAfterSeconds: waitSeconds,
  }
}

/**
 * Records that a refresh starts. This also proves that the store can be written before the refresh
 * token is spent.
 */
async function writeJournal(
  context: RefreshContext,
  stored: StoredGrant,
): Promise<StoredGrant | 'conflict' | Extract<RefreshOutcome, { kind: 'not-now' }>> {
  const attempts = (stored.grant.pending?.attempts ?? 0) + 1
  const startedAtEpochSeconds = context.clock.nowEpochSeconds()
  const pending = { ...stored.grant.pending, startedAtEpochSeconds, attempts }
  try {
    const written = await context.repository.write({ ...stored.grant, pending }, stored.generation)
    return written ?? 'conflict'
  } catch (cause) {
    if (!EvergrantClientError.is(cause)) throw cause
    return {
      kind: 'not-now',
      stored,
      because: 'store-unwritable',
      detail: 'the token store cannot be written, so the refresh token was not spent',
      retryAfterSeconds: undefined,
      cause,
    }
  }
}
