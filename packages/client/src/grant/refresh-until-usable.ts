import { aboutGrant } from '../lib/events.ts'
import type { StoredGrant } from './grant-repository.ts'
import { notNow, signInRequired } from './outcome-errors.ts'
import type { RefreshContext, RefreshRequest } from './refresh-context.ts'
import type { RefreshOutcome } from './refresh-outcome.ts'
import { recentRefusal } from './refresh-refusal.ts'
import { refreshGrant } from './refresh-transaction.ts'
import type { Freshness } from './token-freshness.ts'
import type { TokenMemory } from './token-memory.ts'
import type { UnsavedInMemory } from './unsaved-in-memory.ts'

/** The shortest pause between two attempts of a waiting caller. */
const shortestPauseSeconds = 0.05

/** One grant, as the manager of a process refreshes it. */
export interface ManagedGrant {
  readonly context: RefreshContext
  readonly actionFor: Freshness
  readonly memory: TokenMemory
  readonly unsaved: UnsavedInMemory
}

/**
 * Refreshes a grant until its access token is usable. Where the server or another process is not
 * ready, it tries again until `maximumWaitSeconds` are over.
 *
 * @throws EvergrantClientError The errors of `TokenManager.getAccessToken`.
 */
export async function refreshUntilUsable(
  grant: ManagedGrant,
  request: RefreshRequest,
  maximumWaitSeconds: number,
): Promise<StoredGrant> {
  const { context, memory, unsaved } = grant
  const { clock } = context
  let waitingFromEpochSeconds = clock.nowEpochSeconds()
  let hasRepeated = false
  for (;;) {
    await unsaved.save()
    if (unsaved.tokens === undefined) {
      const stored = await fromStore(grant, request)
      if (stored !== undefined) return stored
    }
    const outcome = await nextOutcome(grant, request)
    note(grant, outcome)
    if (outcome.kind === 'refreshed' || outcome.kind === 'adopted') return outcome.stored
    // The last access token can outlive its grant: it serves until it expires or is rejected.
    if (memory.stored !== undefined && memory.usableFor(request.rejectedAccessToken)) {
      const isLost = outcome.kind === 'not-now' && outcome.because === 'response-lost'
      if (!isLost || hasRepeated) return memory.stored
      // Nothing waits for this refresh, and the next call may come after the grace of the server.
      hasRepeated = true
      continue
    }
    if (outcome.kind === 'unsaved') throw outcome.tokens.cause
    if (outcome.kind !== 'not-now') throw signInRequired(outcome)
    const pauseSeconds = Math.max(outcome.retryAfterSeconds ?? 0, shortestPauseSeconds)
    const now = clock.nowEpochSeconds()
    // If the clock was set back, the wait must not grow by that time.
    waitingFromEpochSeconds = Math.min(waitingFromEpochSeconds, now)
    if (now + pauseSeconds > waitingFromEpochSeconds + maximumWaitSeconds) throw notNow(outcome)
    await clock.sleep(pauseSeconds * 1000)
  }
}

async function nextOutcome(grant: ManagedGrant, request: RefreshRequest): Promise<RefreshOutcome> {
  const { context, memory, unsaved } = grant
  if (unsaved.tokens !== undefined) return { kind: 'unsaved', tokens: unsaved.tokens }
  const known = memory.stored
  const refusal = known && recentRefusal(known.grant, context.clock)
  if (known !== undefined && refusal !== undefined) {
    return { kind: 'refused', stored: known, refusal }
  }
  return await refreshGrant(context, request)
}

function note({ memory, unsaved }: ManagedGrant, outcome: RefreshOutcome): void {
  if (outcome.kind === 'unsaved') unsaved.hold(outcome.tokens)
  else if ('stored' in outcome) memory.remember(outcome.stored ?? memory.stored)
  else memory.remember(undefined)
}

/** The stored grant, if it answers the request without taking the lock. */
async function fromStore(
  { context, actionFor, memory }: ManagedGrant,
  { reason, rejectedAccessToken }: RefreshRequest,
): Promise<StoredGrant | undefined> {
  if (reason === 'recovery') return undefined
  const { repository, observe } = context
  const stored = await repository.read()
  if (stored?.grant.state !== 'active' || stored.grant.tokenSet === undefined) return undefined
  const { tokenSet } = stored.grant
  if (tokenSet.accessToken === rejectedAccessToken) return undefined
  const action = actionFor(stored.grant)
  if (action === 'expired') return undefined
  // The token in memory is already due for a refresh, so another token that is due does not help.
  if (reason === 'ahead-of-expiry' && action === 'refresh-in-background') return undefined
  const known = memory.stored
  if (known !== undefined && known.grant.tokenSet?.accessToken !== tokenSet.accessToken) {
    observe({ ...aboutGrant(repository.identity), type: 'refresh-adopted', reason })
  }
  memory.remember(stored)
  return stored
}
