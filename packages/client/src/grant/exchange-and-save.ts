import type { TokenResponse, TokenSet } from '@evergrant/core'
import { mergeTokenResponse } from '@evergrant/core'
import type { GrantEvent, Observer, RefreshReason } from '../lib/events.ts'
import { aboutGrant } from '../lib/events.ts'
import type { HeldLock } from '../stores/store.ts'
import { nearExpiry, passedThreshold } from './expiry-warning.ts'
import { settleFailure } from './failed-refresh.ts'
import type { Grant } from './grant.ts'
import type { StoredGrant } from './grant-repository.ts'
import type { RefreshContext, RefreshRequest } from './refresh-context.ts'
import type { RefreshOutcome } from './refresh-outcome.ts'
import type { SaveOutcome } from './save-token-set.ts'
import { saveTokenSet } from './save-token-set.ts'
import { holdUnsavedTokens } from './unsaved-tokens.ts'

/**
 * Sends the refresh request of a journaled grant, and saves the result.
 *
 * @param lock - The lock of the refresh. If saving fails, the unsaved tokens take it over.
 */
export async function exchangeAndSave(
  context: RefreshContext,
  request: RefreshRequest,
  journaled: StoredGrant,
  refreshToken: string,
  lock: HeldLock,
): Promise<RefreshOutcome> {
  const { clock, observe } = context
  const { grant } = journaled
  const attempt: RefreshAttempt = {
    ...aboutGrant(context.repository.identity),
    attemptId: crypto.randomUUID(),
    reason: request.reason,
  }
  const sentAt = clock.nowEpochSeconds()
  const expiresAt = grant.tokenSet?.expiresAtEpochSeconds
  observe({
    ...attempt,
    type: 'refresh-started',
    remainingSeconds: expiresAt === undefined ? undefined : Math.max(0, expiresAt - sentAt),
  })
  const result = await context.exchange(grant)

  if (result.kind === 'failed') {
    const { outcome, oauthError, retryAfterSeconds } = result
    observe({ ...attempt, type: 'refresh-failed', outcome, oauthError, retryAfterSeconds })
    return await settleFailure(context, journaled, result)
  }

  const { response } = result
  // The lifetime counts from the request, because the time on the network is lost.
  const merge = mergeTokenResponse(grant.tokenSet, response, { nowEpochSeconds: sentAt })
  const saved = grantAfter(grant, merge.tokenSet, sentAt)
  const saving = { ...context, attemptId: attempt.attemptId }
  const outcome = await saveTokenSet(
    saving,
    { grant: saved, generation: journaled.generation },
    refreshToken,
  )
  await context.health.succeeded(sentAt)

  function report({ kind }: SaveOutcome): void {
    const savedAt = clock.nowEpochSeconds()
    const durationSeconds = Math.max(0, savedAt - sentAt)
    const lateSeconds = expiresAt === undefined ? undefined : savedAt - expiresAt
    reportSaved(observe, attempt, kind, { merge, response, durationSeconds, lateSeconds })
    if (kind === 'refreshed') reportNearExpiry(context, grant, merge.tokenSet)
  }
  if (outcome.kind === 'unsaved') {
    return { kind: 'unsaved', tokens: holdUnsavedTokens(saving, outcome, lock, report) }
  }
  report(outcome)
  return outcome
}

/** The grant after a successful refresh: the journal and earlier refusals no longer apply. */
function grantAfter(grant: Grant, tokenSet: TokenSet, nowEpochSeconds: number): Grant {
  const { pending: _pending, refusal: _refusal, refusedBefore: _before, ...others } = grant
  const { warnedThresholdSeconds: _warned, failures: _failures, ...rest } = others
  return { ...rest, tokenSet, ...passedThreshold(tokenSet, nowEpochSeconds) }
}

/** Warns once for each threshold, if the grant ends soon (C-58). */
function reportNearExpiry(
  { clock, observe, repository }: RefreshContext,
  { warnedThresholdSeconds = Number.POSITIVE_INFINITY }: Grant,
  tokenSet: TokenSet,
): void {
  const now = clock.nowEpochSeconds()
  const near = nearExpiry(tokenSet, now)
  if (near === undefined || near.thresholdSeconds >= warnedThresholdSeconds) return
  const { expires, expiry } = near
  observe({
    ...aboutGrant(repository.identity),
    type: 'grant-expiring',
    expires,
    expiresAtEpochSeconds: expiry.atEpochSeconds,
    remainingSeconds: Math.max(0, expiry.atEpochSeconds - now),
    source: expiry.source,
  })
}

/** The members that all events of one request share. */
interface RefreshAttempt extends GrantEvent {
  readonly attemptId: string
  readonly reason: RefreshReason
}

function reportSaved(
  observe: Observer,
  attempt: RefreshAttempt,
  outcome: SaveOutcome['kind'],
  refresh: {
    readonly merge: ReturnType<typeof mergeTokenResponse>
    readonly response: TokenResponse
    readonly durationSeconds: number
    readonly lateSeconds: number | undefined
  },
): void {
  const { merge, response, durationSeconds, lateSeconds } = refresh
  if (outcome === 'adopted') observe({ ...attempt, type: 'refresh-adopted' })
  if (outcome === 'signed-out') {
    observe({
      ...attempt,
      type: 'refresh-failed',
      outcome,
      oauthError: undefined,
      retryAfterSeconds: undefined,
    })
  }
  if (outcome !== 'refreshed') return
  if (merge.missingScopes.length > 0) {
    observe({
      ...aboutGrant(attempt),
      type: 'scope-narrowed',
      missingScopes: merge.missingScopes,
    })
  }
  observe({
    ...attempt,
    type: 'refresh-succeeded',
    durationSeconds,
    rotated: merge.refreshToken === 'rotated',
    expiresInSeconds: response.expires_in,
    lateSeconds,
  })
}
