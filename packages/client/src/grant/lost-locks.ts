import type { HeldLock } from '../stores/store.ts'
import type { PendingRefresh } from './grant.ts'

/** A response that arrived at the last moment is saved within this time. */
const saveSeconds = 5

/**
 * How long to wait before an abandoned refresh may be repeated, in seconds; 0 if it may be repeated
 * now.
 *
 * The holder of a lock that ended with its process has sent its last request. But if the store lost
 * locks of living holders since the journal was written, the request may still be under way, and its
 * holder saves the result without the lock.
 */
export function secondsUntilAbandoned(
  pending: PendingRefresh,
  { dropped }: Pick<HeldLock, 'dropped'>,
  nowEpochSeconds: number,
  requestTimeoutMilliseconds: number,
): number {
  const ageSeconds = Math.max(0, nowEpochSeconds - pending.startedAtEpochSeconds)
  if (dropped === undefined || ageSeconds < dropped.secondsAgo) return 0
  return Math.max(0, requestTimeoutMilliseconds / 1000 + saveSeconds - ageSeconds)
}
