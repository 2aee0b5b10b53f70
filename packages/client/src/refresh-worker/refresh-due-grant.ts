import type { RefreshContext } from '../grant/refresh-context.ts'
import { refreshContext } from '../grant/refresh-context.ts'
import type { RefreshOutcome } from '../grant/refresh-outcome.ts'
import { refreshGrant } from '../grant/refresh-transaction.ts'
import type { ServerHealthOptions } from '../grant/server-health.ts'
import type { StoredGrant } from '../grant/grant-repository.ts'
import type { UnsavedTokens } from '../grant/unsaved-tokens.ts'
import type { Observer } from '../lib/events.ts'
import type { BindingExchangeContext } from '../session/binding-exchange.ts'
import { bindingExchange } from '../session/binding-exchange.ts'
import { discardTokens } from '../session/revocation.ts'
import { bindingOfGrant } from './binding-of-grant.ts'
import type { WaitingGrant } from './due-grant.ts'

/** What refreshes need. */
export interface RefreshDueContext extends BindingExchangeContext {
  readonly observe: Observer
  readonly serverHealth: ServerHealthOptions | undefined
}

/** The result of a refresh. What is stored has its next due time already, unless `later` says more. */
export type RefreshResult =
  | { readonly kind: 'refreshed' | 'adopted' }
  /** The grant is not refreshed until the user signs in again. */
  | { readonly kind: 'inactive' }
  /** No binding says how to refresh the grant. */
  | { readonly kind: 'no-binding' }
  /** A later attempt can succeed. */
  | {
      readonly kind: 'later'
      readonly because: LaterReason
      /** The grant as it is stored now, if it could be read. */
      readonly stored: StoredGrant | undefined
      readonly retryAfterSeconds: number | undefined
    }
  /** Tokens were obtained and could not be saved. They exist only in this process. */
  | { readonly kind: 'unsaved'; readonly tokens: UnsavedTokens }

/** Why a refresh is repeated later. */
export type LaterReason =
  | Extract<RefreshOutcome, { kind: 'not-now' }>['because']
  | 'request-refused'

/**
 * Refreshes a due grant. Several workers and sessions may do so at once: the refresh transaction lets
 * one of them send the request.
 *
 * @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE`, `RECORD_UNREADABLE`
 */
export async function refreshDueGrant(
  context: RefreshDueContext,
  { id, stored, timing, reason }: WaitingGrant,
): Promise<RefreshResult> {
  const binding = await bindingOfGrant(context.store, stored.grant)
  if (binding === undefined) return { kind: 'no-binding' }
  const { store, clock, observe, serverHealth } = context
  const refresh: RefreshContext = await refreshContext(stored.grant.identity, {
    store,
    clock,
    observe,
    timing,
    serverHealth,
    grantId: id,
    // Another process that refreshes this grant saves the tokens for all. Waiting would only use up a place.
    lockWaitMilliseconds: 0,
    requestTimeoutMilliseconds: context.http.requestTimeoutMilliseconds,
    exchange: bindingExchange(binding, context),
    discard: (grant) => discardTokens(grant, binding, context),
  })
  return resultOf(await refreshGrant(refresh, { reason, known: stored }))
}

function resultOf(outcome: RefreshOutcome): RefreshResult {
  switch (outcome.kind) {
    case 'refreshed':
    case 'adopted':
      return { kind: outcome.kind }
    case 'unsaved':
      return outcome
    case 'not-now': {
      const { because, stored, retryAfterSeconds } = outcome
      return { kind: 'later', because, stored, retryAfterSeconds }
    }
    case 'refused': {
      const { stored } = outcome
      return { kind: 'later', because: 'request-refused', stored, retryAfterSeconds: undefined }
    }
    case 'needs-reauth':
    case 'no-refresh-token':
    case 'signed-out':
    case 'absent':
    default:
      return inactive
  }
}

const inactive: RefreshResult = { kind: 'inactive' }
