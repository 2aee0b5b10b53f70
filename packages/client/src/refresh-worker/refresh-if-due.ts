import type { ProviderProfile, RefreshTimingOptions, TokenSet } from '@evergrant/core'
import { decideRefresh } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { Observer, RefreshReason } from '../lib/events.ts'
import type { Grant, GrantIdentity } from '../grant/grant.ts'
import { grantId, jitterKeyOf } from '../grant/grant.ts'
import { grantRepository } from '../grant/grant-repository.ts'
import type { RefreshContext } from '../grant/refresh-context.ts'
import type { RefreshOutcome } from '../grant/refresh-outcome.ts'
import { refreshGrant } from '../grant/refresh-transaction.ts'
import type { SaveOutcome } from '../grant/save-token-set.ts'
import type { ServerHealthOptions } from '../grant/server-health.ts'
import { serverHealthRecord } from '../grant/server-health.ts'
import type { UnsavedTokens } from '../grant/unsaved-tokens.ts'
import type { DpopProver } from '../protocol/dpop.ts'
import type { HttpOptions } from '../protocol/http.ts'
import type { ClientConfiguration } from '../protocol/registration.ts'
import { bindingExchange, identityOf } from '../session/current-grant.ts'
import type { Binding } from '../session/records.ts'
import { bindingOf } from '../session/records.ts'
import { discardTokens } from '../session/revocation.ts'
import type { RecordStore } from '../stores/store.ts'

/** What visits work with. */
export interface VisitContext {
  readonly store: RecordStore
  readonly clock: Clock
  readonly observe: Observer
  readonly http: HttpOptions
  readonly dpop: DpopProver
  readonly client: ClientConfiguration | undefined
  readonly profileFor: ((issuer: string) => ProviderProfile | undefined) | undefined
  readonly timing: RefreshTimingOptions | undefined
  readonly serverHealth: ServerHealthOptions | undefined
}

/** Why nothing is done for a grant until somebody signs in anew. */
export type UnkeptReason =
  | 'never-signed-in'
  | 'signed-out'
  | 'ended'
  | 'no-refresh-token'
  | 'no-lifetime-given'
  | 'unreadable'

/** What a visit to a grant found or brought about. */
export type Visit =
  /** The binding is gone: there is nothing to visit any more. */
  | { readonly kind: 'gone' }
  | {
      readonly kind: 'unkept'
      readonly issuer: string | undefined
      readonly because: UnkeptReason
      readonly error?: EvergrantClientError
    }
  | {
      readonly kind: 'kept'
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
  /** Tokens were obtained and could not be saved. They exist nowhere else. */
  | {
      readonly kind: 'unsaved'
      readonly issuer: string
      readonly save: () => Promise<Visit>
      readonly abandon: () => Promise<void>
    }

export type LaterReason =
  | Extract<RefreshOutcome, { kind: 'not-now' }>['because']
  | 'request-refused'

/** When a grant is to be visited next. */
export interface NextRefresh {
  readonly dueAtEpochSeconds: number
  /** From then on the access token is of no use. */
  readonly expiresAtEpochSeconds: number
  /** A refresh was begun and its result is not known; a server's grace does not last. */
  readonly urgent: boolean
}

/** As long as a caller would wait: for another machine's refresh, or for a connection to lock with. */
const lockWaitMilliseconds = 10_000

/**
 * Looks at the grant of a binding and, with `refresh`, refreshes it if it is due. Several keepers,
 * and sessions, may do so at once: the refresh transaction lets one of them.
 *
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`
 */
export async function visitGrant(
  context: VisitContext,
  bindingId: string,
  options: { readonly refresh: boolean },
): Promise<Visit> {
  let issuer: string | undefined
  try {
    const binding = await bindingOf(context.store, bindingId)
    if (binding === undefined) return { kind: 'gone' }
    issuer = binding.authorizationServer.issuer
    return await visitBinding(context, binding, options.refresh)
  } catch (error) {
    if (!EvergrantClientError.is(error) || error.code !== 'RECORD_UNREADABLE') throw error
    return { kind: 'unkept', issuer, because: 'unreadable', error }
  }
}

async function visitBinding(
  context: VisitContext,
  binding: Binding,
  refresh: boolean,
): Promise<Visit> {
  const identity = identityOf(binding)
  const { issuer } = identity
  const repository = await grantRepository(context.store, identity, context.clock)
  const timing = { ...context.timing, jitterKey: jitterKeyOf(await grantId(identity)) }
  const stored = await repository.read()
  const plan = planFor(stored?.grant, timing, context.clock.nowEpochSeconds())
  if ('unkept' in plan) return { kind: 'unkept', issuer, because: plan.unkept }
  if (plan.reason === undefined || !refresh) {
    return { kind: 'kept', issuer, by: 'nothing-to-do', next: plan.next }
  }
  const refreshContext = await refreshContextFor(context, binding, identity, timing)
  const outcome = await refreshGrant(refreshContext, { reason: plan.reason })
  return afterRefresh(issuer, context.clock, outcome, timing)
}

async function refreshContextFor(
  context: VisitContext,
  binding: Binding,
  identity: GrantIdentity,
  timing: RefreshTimingOptions,
): Promise<RefreshContext> {
  const { store, clock, observe } = context
  const profile = context.profileFor?.(identity.issuer)
  return {
    repository: await grantRepository(store, identity, clock),
    health: await serverHealthRecord(store, identity.issuer, clock, context.serverHealth),
    exchange: bindingExchange(binding, { ...context, profile }),
    clock,
    observe,
    discard: (grant) => discardTokens(grant, binding, context),
    lockWaitMilliseconds,
    timing,
  }
}

function afterRefresh(
  issuer: string,
  clock: Clock,
  outcome: RefreshOutcome | Exclude<SaveOutcome, { kind: 'unsaved' }>,
  timing: RefreshTimingOptions,
): Visit {
  if (outcome.kind === 'refreshed' || outcome.kind === 'adopted') {
    const plan = planFor(outcome.stored.grant, timing, clock.nowEpochSeconds())
    return 'unkept' in plan
      ? { kind: 'unkept', issuer, because: plan.unkept }
      : { kind: 'kept', issuer, by: outcome.kind, next: plan.next }
  }
  if (outcome.kind === 'unsaved') return unsavedVisit(issuer, clock, outcome.tokens, timing)
  if (outcome.kind === 'not-now') {
    const { because, detail, retryAfterSeconds } = outcome
    return { kind: 'later', issuer, because, detail, retryAfterSeconds }
  }
  if (outcome.kind === 'refused') {
    const { detail } = outcome
    return {
      kind: 'later',
      issuer,
      because: 'request-refused',
      detail,
      retryAfterSeconds: undefined,
    }
  }
  const because = outcome.kind === 'absent' ? 'never-signed-in' : outcome.kind
  return { kind: 'unkept', issuer, because }
}

function unsavedVisit(
  issuer: string,
  clock: Clock,
  tokens: UnsavedTokens,
  timing: RefreshTimingOptions,
): Visit {
  const visit: Visit = {
    kind: 'unsaved',
    issuer,
    async save() {
      const outcome = await tokens.save()
      return outcome.kind === 'unsaved' ? visit : afterRefresh(issuer, clock, outcome, timing)
    },
    abandon: () => tokens.abandon(),
  }
  return visit
}

type Plan =
  | { readonly unkept: UnkeptReason }
  /** Without a reason there is nothing to do before `next`. */
  | { readonly next: NextRefresh; readonly reason: RefreshReason | undefined }

function planFor(
  grant: Grant | undefined,
  timing: RefreshTimingOptions,
  nowEpochSeconds: number,
): Plan {
  if (grant === undefined) return { unkept: 'never-signed-in' }
  if (grant.state !== 'active') return { unkept: grant.state }
  const { tokenSet } = grant
  if (tokenSet?.refreshToken === undefined) return { unkept: 'no-refresh-token' }
  return grant.pending === undefined
    ? planByTime(tokenSet, timing, nowEpochSeconds)
    : {
        next: {
          dueAtEpochSeconds: nowEpochSeconds,
          expiresAtEpochSeconds: tokenSet.expiresAtEpochSeconds ?? nowEpochSeconds,
          urgent: true,
        },
        reason: 'recovery',
      }
}

function planByTime(
  tokenSet: TokenSet,
  timing: RefreshTimingOptions,
  nowEpochSeconds: number,
): Plan {
  const { action, refreshDueAtEpochSeconds } = decideRefresh(tokenSet, nowEpochSeconds, timing)
  const { expiresAtEpochSeconds } = tokenSet
  if (refreshDueAtEpochSeconds === undefined || expiresAtEpochSeconds === undefined) {
    return { unkept: 'no-lifetime-given' }
  }
  const next = {
    dueAtEpochSeconds:
      action === 'fresh'
        ? refreshDueAtEpochSeconds
        : Math.min(refreshDueAtEpochSeconds, nowEpochSeconds),
    expiresAtEpochSeconds,
    urgent: false,
  }
  if (action === 'fresh') return { next, reason: undefined }
  return { next, reason: action === 'expired' ? 'expired' : 'ahead-of-expiry' }
}
