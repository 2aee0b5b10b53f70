import { aboutGrant } from '../lib/events.ts'
import type { Grant, GrantEnd, RefreshRefusal } from './grant.ts'
import type { StoredGrant } from './grant-repository.ts'
import type { RefreshContext } from './refresh-context.ts'
import type { ExchangeResult } from './refresh-exchange.ts'
import type { RefreshOutcome } from './refresh-outcome.ts'
import { followsSameRefusal } from './refresh-refusal.ts'

/** A refresh request that returned no tokens. */
type FailedExchange = Extract<ExchangeResult, { kind: 'failed' }>

/** What is needed to decide on a failure and to record it. */
type FailureContext = Pick<RefreshContext, 'clock' | 'health' | 'observe' | 'repository'>

/**
 * Decides what a failure means for the stored grant (C-53, C-59), and records it: the grant needs the
 * user, the refresh was refused, or a later attempt can succeed.
 */
export async function settleFailure(
  context: FailureContext,
  journaled: StoredGrant,
  failure: FailedExchange,
): Promise<RefreshOutcome> {
  const { grant } = journaled
  const attempts = grant.pending?.attempts ?? 1
  const believed = failure.unexplained !== true || attempts > 1
  const ends = failure.outcome === 'grant-ended' || failure.outcome === 'registration-ended'
  const isLoop =
    failure.oauthError === 'unauthorized_client' &&
    followsSameRefusal(grant, {
      oauthError: failure.oauthError,
      atEpochSeconds: context.clock.nowEpochSeconds(),
    })
  if (ends && believed && !isLoop) return await markNeedsReauth(context, journaled, failure)
  // One unreadable success can come from a proxy. A second one is how this server answers.
  const isUnreadable = failure.unreadable === true && attempts > 1
  if (failure.outcome === 'request-refused' || isUnreadable || isLoop) {
    return await markRefused(context, journaled, failure)
  }
  // After an unexplained refusal the journal stays, because it counts these refusals.
  const stored = await settleJournal(context, journaled, failure, ends)
  const health = await context.health.failed(failure.detail, failure.retryAfterSeconds)
  // After a lost response the request is repeated at once, while a server with grace replays it.
  const lost = !failure.answered && attempts <= 1
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
  const reason = endReason(failure, pending?.attempts ?? 1)
  const ended: GrantEnd = {
    reason,
    atEpochSeconds: context.clock.nowEpochSeconds(),
    detail: (reason === 'lost-response' ? pending?.detail : undefined) ?? failure.detail,
    ...(failure.oauthError === undefined ? {} : { oauthError: failure.oauthError }),
  }
  const notice = { id: crypto.randomUUID(), failures: 0 }
  const grant: Grant = { ...rest, state: 'needs-reauth', ended, notice }
  const written = await context.repository.write(grant, journaled.generation)
  if (written === undefined) return await newerOutcome(context)
  context.observe({
    ...aboutGrant(context.repository.identity),
    type: 'grant-ended',
    reason: ended.reason,
  })
  return { kind: 'needs-reauth', stored: written }
}

/**
 * Records a refusal that does not end the grant, for all processes over the store. The refresh token
 * is kept: the cause may be the configuration, and later attempts may succeed.
 */
async function markRefused(
  context: FailureContext,
  journaled: StoredGrant,
  failure: FailedExchange,
): Promise<RefreshOutcome> {
  const refusal: RefreshRefusal = {
    atEpochSeconds: context.clock.nowEpochSeconds(),
    detail: failure.detail,
    ...(failure.oauthError === undefined ? {} : { oauthError: failure.oauthError }),
  }
  const settled = failure.answered ? withoutAttempt(journaled.grant) : journaled.grant
  const grant: Grant = { ...settled, refusal }
  const { generation } = journaled
  let stored: StoredGrant | undefined
  try {
    stored = await context.repository.write(grant, generation)
  } catch {
    // This process knows the refusal anyway. Each other process sends a request and is refused, too.
    return { kind: 'refused', stored: { grant, generation }, refusal }
  }
  return stored === undefined ? await newerOutcome(context) : { kind: 'refused', stored, refusal }
}

/** The outcome after another process changed the grant during the request. */
async function newerOutcome(context: FailureContext): Promise<RefreshOutcome> {
  const current = await context.repository.read()
  if (current === undefined) return { kind: 'absent' }
  if (current.grant.state === 'signed-out') return { kind: 'signed-out' }
  if (current.grant.state === 'needs-reauth') return { kind: 'needs-reauth', stored: current }
  return { kind: 'adopted', stored: current }
}

function endReason({ outcome, unexplained }: FailedExchange, attempts: number): GrantEnd['reason'] {
  if (outcome === 'registration-ended') return 'registration-ended'
  // An unexplained refusal ends the grant only the second time, so two requests are normal.
  return attempts > (unexplained === true ? 2 : 1) ? 'lost-response' : 'refused'
}

/** Records in the journal what is known about the result of this attempt. */
async function settleJournal(
  context: FailureContext,
  journaled: StoredGrant,
  failure: FailedExchange,
  ends: boolean,
): Promise<StoredGrant> {
  const { pending } = journaled.grant
  if (failure.answered && !ends) {
    const settled = withoutAttempt(journaled.grant)
    const failures = (settled.failures ?? 0) + 1
    return await writeOrKeep(context, journaled, { ...settled, failures })
  }
  if (failure.unreadable !== true || pending === undefined) return journaled
  const { detail } = failure
  return await writeOrKeep(context, journaled, {
    ...journaled.grant,
    pending: { ...pending, detail },
  })
}

/**
 * Removes this attempt from the journal after a response that changed nothing. An earlier attempt
 * whose response was lost stays in the journal: this response does not settle it.
 */
function withoutAttempt({ pending, ...rest }: Grant): Grant {
  const earlierAttempts = (pending?.attempts ?? 1) - 1
  return pending === undefined || earlierAttempts === 0
    ? rest
    : { ...rest, pending: { ...pending, attempts: earlierAttempts } }
}

async function writeOrKeep(
  context: FailureContext,
  journaled: StoredGrant,
  grant: Grant,
): Promise<StoredGrant> {
  const written = await context.repository.write(grant, journaled.generation).catch(() => undefined)
  return written ?? journaled
}
