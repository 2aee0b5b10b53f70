import { aboutGrant } from '../lib/events.ts'
import type { Grant, GrantEnd } from './grant.ts'
import type { StoredGrant } from './grant-repository.ts'
import type { RefreshContext } from './refresh-context.ts'
import type { ExchangeResult } from './refresh-exchange.ts'
import type { RefreshOutcome } from './refresh-outcome.ts'

/** What became of a refresh that brought no tokens. */
type FailedExchange = Extract<ExchangeResult, { kind: 'failed' }>

/** What the outcome of a failure is decided with and noted in. */
type FailureContext = Pick<RefreshContext, 'clock' | 'health' | 'observe' | 'repository'>

/**
 * Decides what a failure means for the stored grant (C-53), and notes it: ended, refused, or kept
 * for a later attempt.
 */
export async function settleFailure(
  context: FailureContext,
  journaled: StoredGrant,
  failure: FailedExchange,
): Promise<RefreshOutcome> {
  const { grant } = journaled
  const believed = failure.unexplained !== true || (grant.pending?.attempts ?? 1) > 1
  const ends = failure.outcome === 'grant-ended' || failure.outcome === 'registration-ended'
  if (ends && believed) return await markEnded(context, journaled, failure)
  // Without a word, the journal is what remembers that it was said once.
  const stored = failure.answered && !ends ? await clearJournal(context, journaled) : journaled
  if (failure.outcome === 'request-refused') {
    return { kind: 'refused', stored, detail: failure.detail, oauthError: failure.oauthError }
  }
  const health = await context.health.failed(failure.detail, failure.retryAfterSeconds)
  // A lost answer is asked for again at once, while a server with grace still replays it.
  const lost = !failure.answered && (grant.pending?.attempts ?? 0) <= 1
  const waitSeconds = Math.max(0, health.notBeforeEpochSeconds - context.clock.nowEpochSeconds())
  return {
    kind: 'not-now',
    stored,
    because: lost ? 'answer-lost' : 'server-unavailable',
    detail: failure.detail,
    retryAfterSeconds: lost ? 0 : waitSeconds,
  }
}

/**
 * Marks the grant as ended, if the refused token is still the stored one. Where it is not, somebody
 * stored a newer one meanwhile, and the refusal says nothing about that.
 */
async function markEnded(
  context: FailureContext,
  journaled: StoredGrant,
  failure: FailedExchange,
): Promise<RefreshOutcome> {
  const about = aboutGrant(context.repository.identity)
  const { pending, ...rest } = journaled.grant
  const ended: GrantEnd = {
    reason: endReason(failure, pending?.attempts ?? 1),
    atEpochSeconds: context.clock.nowEpochSeconds(),
    ...(failure.oauthError === undefined ? {} : { oauthError: failure.oauthError }),
  }
  const grant: Grant = { ...rest, state: 'ended', ended }
  const written = await context.repository.write(grant, journaled.generation)
  if (written === undefined) {
    const current = await context.repository.read()
    if (current === undefined) return { kind: 'absent' }
    if (current.grant.state === 'signed-out') return { kind: 'signed-out' }
    if (current.grant.state === 'ended') return { kind: 'ended', stored: current }
    return { kind: 'adopted', stored: current }
  }
  context.observe({ ...about, type: 'grant-ended', reason: ended.reason })
  return { kind: 'ended', stored: written }
}

function endReason({ outcome, unexplained }: FailedExchange, attempts: number): GrantEnd['reason'] {
  if (outcome === 'registration-ended') return 'registration-ended'
  // What is believed the second time only has been asked for twice.
  return attempts > (unexplained === true ? 2 : 1) ? 'lost-response' : 'refused'
}

/**
 * Takes the journal back after an answer that changed nothing. An earlier attempt whose answer
 * never came stays noted: this answer says nothing about that one.
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
