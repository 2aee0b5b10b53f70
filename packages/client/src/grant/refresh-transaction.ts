import { decideRefresh, mergeTokenResponse } from '@evergrant/core'
import { EvergrantClientError } from '../lib/errors.ts'
import { aboutGrant } from '../lib/events.ts'
import type { HeldLock } from '../stores/store.ts'
import { settleFailure } from './failed-refresh.ts'
import type { StoredGrant } from './grant-repository.ts'
import type { RefreshContext, RefreshRequest } from './refresh-context.ts'
import type { RefreshOutcome } from './refresh-outcome.ts'
import type { SaveOutcome } from './save-token-set.ts'
import { saveTokenSet } from './save-token-set.ts'
import { holdUnsavedTokens } from './unsaved-tokens.ts'

/** A write that lost its race is repeated on what the winner wrote; more than this is no race. */
const maximumRereads = 5

/**
 * Refreshes a grant once, whoever else is trying to.
 *
 * Lock, read again, adopt what somebody else stored, respect the shared back-off, journal, send,
 * merge, save: in this order, so that a process killed at any instant leaves the old token set or
 * the new one (C-51, C-52). Only `invalid_grant` for the token that is still the stored one ends
 * the grant, and it is marked, not deleted (C-53).
 *
 * @throws EvergrantClientError `RECORD_UNREADABLE`, `TOKEN_STORE_UNAVAILABLE`
 */
export async function refreshGrant(
  context: RefreshContext,
  request: RefreshRequest,
): Promise<RefreshOutcome> {
  const { repository, clock, observe, lockWaitMilliseconds } = context
  const about = aboutGrant(context.repository.identity)

  await context.atStep?.('before-lock')
  const waitedFrom = clock.nowEpochSeconds()
  const locking = await repository.lock({ waitMilliseconds: lockWaitMilliseconds })
  observe({
    ...about,
    type: 'lock-waited',
    outcome: locking.outcome,
    durationSeconds: Math.max(0, clock.nowEpochSeconds() - waitedFrom),
  })
  if (locking.outcome === 'busy') {
    return await withoutLock(context, request, {
      because: 'lock-busy',
      detail: `another process${locking.holder === undefined ? '' : ` (${locking.holder})`} is refreshing this grant and has not finished; it may be suspended, or unable to save the tokens it got`,
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
    await context.atStep?.('locked')
    const outcome = await underLock(context, request, locking.lock)
    lockTakenOver = outcome.kind === 'unsaved'
    return outcome
  } finally {
    if (!lockTakenOver) {
      await locking.lock.release()
      await context.atStep?.('released')
    }
  }
}

/** Without the lock nothing is sent; what a sibling finished meanwhile can still be adopted. */
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
  const about = aboutGrant(context.repository.identity)
  for (let reread = 0; reread < maximumRereads; reread += 1) {
    const stored = await repository.read()
    await context.atStep?.('read')
    if (stored === undefined) return { kind: 'absent' }
    const abandoned = stored.grant.pending
    // With an abandoned refresh in the journal even a fresh access token is not the end of it: a
    // server with grace replays the lost answer only for a while.
    if (abandoned === undefined || stored.grant.state !== 'active') {
      const settled = settledWithoutRequest(context, request, stored)
      if (settled !== undefined) return settled
    } else {
      observe({ ...about, type: 'refresh-recovering', attempts: abandoned.attempts })
    }
    const { tokenSet } = stored.grant
    if (tokenSet?.refreshToken === undefined) return { kind: 'no-refresh-token', stored }

    // The first retry of an abandoned refresh goes at once; everything else respects the back-off.
    if (abandoned === undefined || abandoned.attempts > 1) {
      const deferred = await deferral(context, request, stored)
      if (deferred !== undefined) return deferred
    }
    if (!lock.isHeld()) continue

    const journaled = await writeJournal(context, stored)
    if (journaled === 'conflict') continue
    if ('kind' in journaled) return journaled
    await context.atStep?.('journaled')
    // A lease can have run out while this process was suspended. Sending now could present a
    // refresh token that somebody else has rotated meanwhile.
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

/** The outcome where the stored grant already answers the request, else `undefined`. */
function settledWithoutRequest(
  context: RefreshContext,
  request: RefreshRequest,
  stored: StoredGrant,
): RefreshOutcome | undefined {
  const about = aboutGrant(context.repository.identity)
  const { state, tokenSet } = stored.grant
  if (state === 'signed-out') return { kind: 'signed-out' }
  if (state === 'ended') return { kind: 'ended', stored }
  if (tokenSet === undefined || request.reason === 'requested') return undefined
  if (tokenSet.accessToken === request.rejectedAccessToken) return undefined
  const { action } = decideRefresh(tokenSet, context.clock.nowEpochSeconds(), context.timing)
  if (action === 'expired') return undefined
  // After a 401 any other token that is good is worth a try: whoever stored it got it later (C-54).
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
  const about = aboutGrant(context.repository.identity)
  context.observe({
    ...about,
    type: 'refresh-deferred',
    reason: request.reason,
    because: health.reason,
    retryAfterSeconds: waitSeconds,
  })
  return {
    kind: 'not-now',
    stored,
    because: 'backing-off',
    detail: `the authorization server is left alone for ${Math.ceil(waitSeconds)} s more after: ${health.reason}`,
    retryAfterSeconds: waitSeconds,
  }
}

/**
 * Writes down that a refresh begins. It also proves that the store can be written before the
 * refresh token is spent.
 */
async function writeJournal(
  context: RefreshContext,
  stored: StoredGrant,
): Promise<StoredGrant | 'conflict' | Extract<RefreshOutcome, { kind: 'not-now' }>> {
  const attempts = (stored.grant.pending?.attempts ?? 0) + 1
  const pending = { startedAtEpochSeconds: context.clock.nowEpochSeconds(), attempts }
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

async function exchangeAndSave(
  context: RefreshContext,
  request: RefreshRequest,
  journaled: StoredGrant,
  refreshToken: string,
  lock: HeldLock,
): Promise<RefreshOutcome> {
  const { clock, observe } = context
  const about = aboutGrant(context.repository.identity)
  const { grant } = journaled
  const attempt = { ...about, attemptId: crypto.randomUUID(), reason: request.reason }
  const sentAt = clock.nowEpochSeconds()
  const expiresAt = grant.tokenSet?.expiresAtEpochSeconds
  observe({
    ...attempt,
    type: 'refresh-started',
    remainingSeconds: expiresAt === undefined ? undefined : Math.max(0, expiresAt - sentAt),
  })
  const result = await context.exchange(grant)
  await context.atStep?.('answered')

  if (result.kind === 'failed') {
    observe({
      ...attempt,
      type: 'refresh-failed',
      outcome: result.outcome,
      oauthError: result.oauthError,
      retryAfterSeconds: result.retryAfterSeconds,
    })
    return await settleFailure(context, journaled, result)
  }

  const { response: tokens } = result
  // The lifetime counts from the request: the time on the wire is not ours to use.
  const merge = mergeTokenResponse(grant.tokenSet, tokens, { nowEpochSeconds: sentAt })
  const { pending: _pending, ...rest } = grant
  const saving = { ...context, attemptId: attempt.attemptId }
  const outcome = await saveTokenSet(
    saving,
    { grant: { ...rest, tokenSet: merge.tokenSet }, generation: journaled.generation },
    refreshToken,
  )
  await context.health.succeeded(sentAt)
  if (outcome.kind === 'unsaved') {
    return { kind: 'unsaved', tokens: holdUnsavedTokens(saving, outcome, lock, report) }
  }
  if (outcome.kind === 'refreshed') await context.atStep?.('saved')
  report(outcome)
  return outcome

  function report({ kind }: SaveOutcome): void {
    if (kind === 'adopted') observe({ ...attempt, type: 'refresh-adopted' })
    if (kind === 'signed-out') {
      observe({
        ...attempt,
        type: 'refresh-failed',
        outcome: kind,
        oauthError: undefined,
        retryAfterSeconds: undefined,
      })
    }
    if (kind !== 'refreshed') return
    if (merge.missingScopes.length > 0) {
      observe({ ...about, type: 'scope-narrowed', missingScopes: merge.missingScopes })
    }
    observe({
      ...attempt,
      type: 'refresh-succeeded',
      durationSeconds: Math.max(0, clock.nowEpochSeconds() - sentAt),
      rotated: merge.refreshToken === 'rotated',
      expiresInSeconds: tokens.expires_in,
    })
  }
}
