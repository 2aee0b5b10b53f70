import { aboutGrant } from '../lib/events.ts'
import type { Grant, GrantEnd } from './grant.ts'
import type { StoredGrant } from './grant-repository.ts'
import type { RefreshContext } from './refresh-context.ts'
import type { ExchangeResult } from './refresh-exchange.ts'
import type { RefreshOutcome } from './refresh-outcome.ts'

/** A refresh request that returned no tokens. */
type FailedExchange = Extract<ExchangeResult, { kind: 'failed' }>

/** What is needed to decide on a failure and to record it. */
type FailureContext = Pick<RefreshContext, 'clock' | 'health' | 'observe' | 'repository'>

/**
 * Decides what a failure means for the stored grant (C-53), and records it: the grant needs the
 * user, the request was refused, or a later attempt can succeed.
 */
export async function settleFailure(
  context: FailureContext,
  journaled: StoredGrant,
  failure: FailedExchange,
): Promise<RefreshOutcome> {
  const { grant } = journaled
  const believed = failure.unexplained !== true || (grant.pending?.attempts ?? 1) > 1
  const ends = failure.outcome === 'grant-ended' || failure.outcome === 'registration-ended'
  if (ends && believed) return await markNeedsReauth(context, journaled, failure)
  // After an unexplained refusal the journal stays, because it counts these refusals.
  const stored = failure.answered && !ends ? await clearJournal(context, journaled) : journaled
  if (failure.outcome === 'request-refused') {
    return { kind: 'refused', stored, detail: failure.detail, oauthError: failure.oauthError }
  }
  const health = await context.health.failed(failure.detail, failure.retryAfterSeconds)
  // After a lost response the request is repeated at once, while a server with grace replays it.
  const lost = !failure.answered && (grant.pending?.attempts ?? 0) <= 1
  const waitSeconds = Math.max(0, health.notBeforeEpochSeconds - context.clock.nowEpochSeconds())
  return {
    kind: 'not-now',
    stored,
    because: lost ? 'response-lost' : 'server-unavailable',
    detail: failure.detail,
    retryAfterSeconds: lost ? 0 : waitSeconds,
  }
}

/**
 * Marks that the grant needs the user, if the refused token is still the stored one. Otherwise
 * another process has stored a newer token, and the refusal does not apply to it.
 */
async function markNeedsReauth(
  context: FailureContext,
  journaled: StoredGrant,
  failure: FailedExchange,
): Promise<RefreshOutcome> {
  const { pending, ...rest } = journaled.grant
  const ended: GrantEnd = {
    reason: endReason(failure, pending?.attempts ?? 1),
    atEpochSeconds: context.clock.nowEpochSeconds(),
    ...(failure.oauthError === undefined ? {} : { oauthError: failure.oauthError }),
  }
  const grant: Grant = { ...rest, state: 'needs-reauth', ended }
  const written = await context.repository.write(grant, journaled.generation)
  if (written === undefined) {
    const current = await context.repository.read()
    if (current === undefined) return { kind: 'absent' }
    if (current.grant.state === 'signed-out') return { kind: 'signed-out' }
    if (current.grant.state === 'needs-reauth') {
      return { kind: 'needs-reauth', stored: current }
    }
    return { kind: 'adopted', stored: current }
  }
  context.observe({
    ...aboutGrant(context.repository.identity),
    type: 'grant-ended',
    reason: ended.reason,
  })
  return { kind: 'needs-reauth', stored: written }
}

function endReason({ outcome, unexplained }: FailedExchange, attempts: number): GrantEnd['reason'] {
  if (outcome === 'registration-ended') return 'registration-ended'
  // An unexplained refusal ends the grant only the second time, so two requests are normal.
  return attempts > (unexplained === true ? 2 : 1) ? 'lost-response' : 'refused'
}

/**
 * Removes this attempt from the journal after a response that changed nothing. An earlier attempt
 * whose response was lost stays in the journal: this response does not settle it.
 */
async function clearJournal(context: FailureContext, journaled: StoredGrant): Promise<StoredGrant> {
  const { pending, ...rest } = journaled.grant
  const earlierAttempts = (pending?.attempts ?? 1) - 1
  const grant: Grant =
    pending === undefined || earlierAttempts === 0
      ? rest
      : { ...rest, pending: { ...pending, attempts: earlierAttempts } }
  const written = await context.repository.write(grant, journaled.generation).catch(() => undefined)
  return written ?? journaled
}
