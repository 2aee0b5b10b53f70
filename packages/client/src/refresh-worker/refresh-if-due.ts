import type { RefreshTimingOptions } from '@evergrant/core'
import type { GrantIdentity } from '../grant/grant.ts'
import type { RefreshContext } from '../grant/refresh-context.ts'
import { refreshContext } from '../grant/refresh-context.ts'
import type { RefreshOutcome } from '../grant/refresh-outcome.ts'
import { refreshGrant } from '../grant/refresh-transaction.ts'
import type { SaveOutcome } from '../grant/save-token-set.ts'
import type { ServerHealthOptions } from '../grant/server-health.ts'
import type { UnsavedTokens } from '../grant/unsaved-tokens.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { Observer } from '../lib/events.ts'
import type { BindingExchangeContext } from '../session/binding-exchange.ts'
import { bindingExchange } from '../session/binding-exchange.ts'
import type { Binding } from '../session/records.ts'
import { identityOf, readBinding } from '../session/records.ts'
import { discardTokens } from '../session/revocation.ts'
import type { InactiveReason, NextRefresh } from './next-refresh.ts'
import { planRefresh } from './next-refresh.ts'

/** What refresh attempts need. */
export interface RefreshAttemptContext extends BindingExchangeContext {
  readonly observe: Observer
  readonly timing: RefreshTimingOptions | undefined
  readonly serverHealth: ServerHealthOptions | undefined
}

/** The result of a refresh attempt, or of reading a grant. */
export type RefreshAttempt =
  /** The binding was removed, so the worker forgets the grant. */
  | { readonly kind: 'no-binding' }
  | {
      readonly kind: 'inactive'
      readonly issuer: string | undefined
      readonly because: InactiveReason
      readonly error?: EvergrantClientError
    }
  | {
      readonly kind: 'active'
      readonly issuer: string
      readonly by: 'nothing-to-do' | 'refreshed' | 'adopted'
      readonly next: NextRefresh
    }
  /** A later attempt can succeed. */
  | {
      readonly kind: 'later'
      readonly issuer: string
      readonly because: LaterReason
      readonly detail: string
      readonly retryAfterSeconds: number | undefined
    }
  /** Tokens were obtained and could not be saved. They exist only in this process. */
  | {
      readonly kind: 'unsaved'
      readonly issuer: string
      readonly save: () => Promise<RefreshAttempt>
      readonly abandon: () => Promise<void>
    }

/** Why an attempt is repeated later. */
export type LaterReason =
  | Extract<RefreshOutcome, { kind: 'not-now' }>['because']
  | 'request-refused'

/**
 * Reads the grant of a binding and, with `refresh`, refreshes it if it is due. Several workers and
 * sessions may do so at once: the refresh transaction lets one of them send the request.
 *
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`
 */
export async function refreshIfDue(
  context: RefreshAttemptContext,
  bindingId: string,
  options: { readonly refresh: boolean },
): Promise<RefreshAttempt> {
  let issuer: string | undefined
  try {
    const binding = await readBinding(context.store, bindingId)
    if (binding === undefined) return { kind: 'no-binding' }
    issuer = binding.authorizationServer.issuer
    return await refreshBinding(context, binding, options.refresh)
  } catch (error) {
    if (!EvergrantClientError.is(error) || error.code !== 'RECORD_UNREADABLE') throw error
    return { kind: 'inactive', issuer, because: 'unreadable', error }
  }
}

async function refreshBinding(
  context: RefreshAttemptContext,
  binding: Binding,
  refresh: boolean,
): Promise<RefreshAttempt> {
  const identity = identityOf(binding)
  const { issuer } = identity
  const grant = await contextFor(context, binding, identity)
  const { repository, timing, clock } = grant
  const stored = await repository.read()
  const plan = planRefresh(stored?.grant, timing, clock.nowEpochSeconds())
  if ('inactive' in plan) return { kind: 'inactive', issuer, because: plan.inactive }
  if (plan.reason === undefined || !refresh) {
    return { kind: 'active', issuer, by: 'nothing-to-do', next: plan.next }
  }
  return afterRefresh(grant, await refreshGrant(grant, { reason: plan.reason }))
}

async function contextFor(
  context: RefreshAttemptContext,
  binding: Binding,
  identity: GrantIdentity,
): Promise<RefreshContext> {
  const { store, clock, observe, timing, serverHealth } = context
  return await refreshContext(identity, {
    store,
    clock,
    observe,
    timing,
    serverHealth,
    exchange: bindingExchange(binding, context),
    discard: (grant) => discardTokens(grant, binding, context),
  })
}

function afterRefresh(
  context: RefreshContext,
  outcome: RefreshOutcome | Exclude<SaveOutcome, { kind: 'unsaved' }>,
): RefreshAttempt {
  const { issuer } = context.repository.identity
  if (outcome.kind === 'refreshed' || outcome.kind === 'adopted') {
    const now = context.clock.nowEpochSeconds()
    const plan = planRefresh(outcome.stored.grant, context.timing, now)
    return 'inactive' in plan
      ? { kind: 'inactive', issuer, because: plan.inactive }
      : { kind: 'active', issuer, by: outcome.kind, next: plan.next }
  }
  if (outcome.kind === 'unsaved') return unsavedAttempt(context, outcome.tokens)
  if (outcome.kind === 'not-now') {
    const { because, detail, retryAfterSeconds } = outcome
    return { kind: 'later', issuer, because, detail, retryAfterSeconds }
  }
  if (outcome.kind === 'refused') {
    const { detail } = outcome.refusal
    return {
      kind: 'later',
      issuer,
      because: 'request-refused',
      detail,
      retryAfterSeconds: undefined,
    }
  }
  const because = outcome.kind === 'absent' ? 'never-signed-in' : outcome.kind
  return { kind: 'inactive', issuer, because }
}

function unsavedAttempt(context: RefreshContext, tokens: UnsavedTokens): RefreshAttempt {
  const attempt: RefreshAttempt = {
    kind: 'unsaved',
    issuer: context.repository.identity.issuer,
    async save() {
      const outcome = await tokens.save()
      return outcome.kind === 'unsaved' ? attempt : afterRefresh(context, outcome)
    },
    abandon: () => tokens.abandon(),
  }
  return attempt
}
