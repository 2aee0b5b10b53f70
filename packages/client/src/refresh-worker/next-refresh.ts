import type { RefreshTimingOptions, TokenSet } from '@evergrant/core'
import { decideRefresh } from '@evergrant/core'
import type { Grant } from '../grant/grant.ts'
import type { RefreshReason } from '../lib/events.ts'

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
