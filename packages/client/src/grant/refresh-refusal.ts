import type { Clock } from '../lib/clock.ts'
import { isWithin } from '../lib/clock.ts'
import type { Grant, RefreshRefusal, RefusalsBeforeSignIn } from './grant.ts'

/** How long a refresh that was refused is not repeated. */
const pauseSeconds = 10

/** Different refusals in a row lead to at most this many sign-ins. */
const maximumSignIns = 2

/**
 * How long a sign-in counts as the answer to the refusals before it. A later refusal is a new event:
 * some servers report an expired refresh token with such an error, too.
 */
const signInCountsSeconds = 86_400

/** The refusal of the last seconds. The request is not repeated for each call. */
export function recentRefusal(grant: Grant, clock: Clock): RefreshRefusal | undefined {
  const { refusal } = grant
  return refusal !== undefined && isWithin(clock, pauseSeconds, refusal.atEpochSeconds)
    ? refusal
    : undefined
}

/**
 * Whether the last sign-in already followed this refusal, so that another one would only repeat it
 * (C-59).
 */
export function followsSameRefusal(
  { refusedBefore }: Pick<Grant, 'refusedBefore'>,
  { oauthError, atEpochSeconds }: Pick<RefreshRefusal, 'oauthError' | 'atEpochSeconds'>,
): boolean {
  return (
    refusedBefore !== undefined &&
    stillCounts(refusedBefore, atEpochSeconds) &&
    (refusedBefore.oauthError === oauthError || refusedBefore.count >= maximumSignIns)
  )
}

function stillCounts(
  { atEpochSeconds }: RefusalsBeforeSignIn,
  refusedAtEpochSeconds: number,
): boolean {
  return refusedAtEpochSeconds - atEpochSeconds < signInCountsSeconds
}

/** What a new sign-in remembers of the grant that it replaces. */
export function refusalsBefore(
  previous: Grant | undefined,
  nowEpochSeconds: number,
): RefusalsBeforeSignIn | undefined {
  const refused = previous?.refusal ?? unauthorized(previous)
  if (refused === undefined) return undefined
  const { oauthError } = refused
  const before = previous?.refusedBefore
  const counted = before !== undefined && stillCounts(before, nowEpochSeconds) ? before.count : 0
  return {
    atEpochSeconds: nowEpochSeconds,
    count: counted + 1,
    ...(oauthError === undefined ? {} : { oauthError }),
  }
}

/**
 * A server that lets no client use refresh tokens refuses each new registration, too. A forgotten
 * registration (`invalid_client`) is a new event each time.
 */
function unauthorized(grant: Grant | undefined): { readonly oauthError?: string } | undefined {
  return grant?.ended?.oauthError === 'unauthorized_client' ? grant.ended : undefined
}
