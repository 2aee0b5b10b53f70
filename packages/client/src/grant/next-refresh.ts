import type { RefreshTimingOptions, TokenSet } from '@evergrant/core'
import { decideRefresh } from '@evergrant/core'
import type { RefreshReason } from '../lib/events.ts'
import { neverDue } from '../stores/due.ts'
import type { Grant } from './grant.ts'

/** When a grant is to be refreshed next. */
export interface NextRefresh {
  readonly dueAtEpochSeconds: number
  /** When the access token expires. */
  readonly expiresAtEpochSeconds: number
  /** A refresh was started and its result is not known. The grace of a server is short. */
  readonly urgent: boolean
}

/** Why a grant is not refreshed until the user signs in again. */
export type InactiveReason =
  | 'never-signed-in'
  | 'signed-out'
  | 'needs-reauth'
  | 'no-refresh-token'
  | 'no-lifetime-given'
  | 'unreadable'

/** What to do with a grant. */
export type RefreshPlan =
  | { readonly inactive: InactiveReason }
  /** Without a reason, there is nothing to do before `next`. */
  | { readonly next: NextRefresh; readonly reason: RefreshReason | undefined }

/** Servers whose tokens expire within seconds do not get a request every second. */
const shortestIntervalSeconds = 10
/** A refresh that takes longer than this is looked at: its process may have been killed. */
const refreshCheckSeconds = 4
/** A refused refresh is repeated this often, because the operator may have corrected the cause. */
const refusedPauseSeconds = 3600
const longestBackoffSeconds = 600

/** How long a grant whose refresh failed this often in a row is not refreshed in the background. */
export function backoffSeconds(failures: number): number {
  return failures === 0 ? 0 : Math.min(longestBackoffSeconds, 2 ** Math.min(failures - 1, 16))
}

/** How many refreshes of this grant failed in a row, whether their server answered or not. */
export function failedRefreshes({ failures = 0, pending }: Grant): number {
  return failures + (pending?.attempts ?? 0)
}

/**
 * When a grant that is being written needs attention next, in seconds from now: for its refresh, for
 * the check of a refresh that was started, or for the notice that the user must sign in.
 *
 * @returns `Infinity` if it needs none until it is written again.
 */
export function dueInSeconds(
  grant: Grant,
  timing: RefreshTimingOptions,
  nowEpochSeconds: number,
): number {
  if (grant.notice !== undefined) return backoffSeconds(grant.notice.failures)
  const plan = planRefresh(grant, timing, nowEpochSeconds)
  if ('inactive' in plan) return neverDue
  if (grant.pending !== undefined) {
    // The attempt that is being journaled has not failed yet.
    return Math.max(refreshCheckSeconds, backoffSeconds(failedRefreshes(grant) - 1))
  }
  const backoff = backoffSeconds(failedRefreshes(grant))
  if (grant.refusal !== undefined) return refusedPauseSeconds
  const issuedAt = grant.tokenSet?.issuedAtEpochSeconds ?? 0
  // If the clock was set back since, the time since the last refresh is not known.
  const sinceIssued = Math.max(0, nowEpochSeconds - issuedAt)
  const earliest = shortestIntervalSeconds - sinceIssued
  return Math.max(0, plan.next.dueAtEpochSeconds - nowEpochSeconds, earliest, backoff)
}

/** Decides what to do with a stored grant now. */
export function planRefresh(
  grant: Grant | undefined,
  timing: RefreshTimingOptions,
  nowEpochSeconds: number,
): RefreshPlan {
  if (grant === undefined) return { inactive: 'never-signed-in' }
  if (grant.state !== 'active') return { inactive: grant.state }
  const { tokenSet } = grant
  if (tokenSet?.refreshToken === undefined) return { inactive: 'no-refresh-token' }
  if (grant.pending === undefined) return planByTime(tokenSet, timing, nowEpochSeconds)
  return {
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
): RefreshPlan {
  const { action, refreshDueAtEpochSeconds } = decideRefresh(tokenSet, nowEpochSeconds, timing)
  const { expiresAtEpochSeconds } = tokenSet
  if (refreshDueAtEpochSeconds === undefined || expiresAtEpochSeconds === undefined) {
    return { inactive: 'no-lifetime-given' }
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
