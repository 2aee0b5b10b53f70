import type { Clock } from '@evergrant/resource-server'

/** Counts events by key, in windows of a minute that begin with the first event of a key. */
export interface RateLimiter {
  /** Seconds until the key may continue; `undefined` if it may continue now. */
  blockedForSeconds(key: string): number | undefined
  /** Counts events, and returns seconds to wait if there were too many. */
  count(key: string, events?: number): number | undefined
}

const windowSeconds = 60
/** Beyond it, the key that was counted least recently is forgotten. */
const maximumKeys = 10_000

/** @param maximum - Events per key and minute. With 0, nothing is limited. */
export function createRateLimiter(maximum: number, clock: Clock): RateLimiter {
  const windows = new Map<string, { readonly untilEpochSeconds: number; readonly events: number }>()

  function current(key: string): { readonly untilEpochSeconds: number; readonly events: number } {
    const now = clock.nowEpochSeconds()
    const window = windows.get(key)
    const left = (window?.untilEpochSeconds ?? now) - now
    // A clock that was set back must not make a window longer.
    const isCurrent = window !== undefined && left > 0 && left <= windowSeconds
    return isCurrent ? window : { untilEpochSeconds: now + windowSeconds, events: 0 }
  }

  function secondsLeft(untilEpochSeconds: number): number {
    return Math.max(1, Math.ceil(untilEpochSeconds - clock.nowEpochSeconds()))
  }

  return {
    blockedForSeconds(key) {
      const { untilEpochSeconds, events } = current(key)
      return maximum > 0 && events >= maximum ? secondsLeft(untilEpochSeconds) : undefined
    },
    count(key, counted = 1) {
      if (maximum === 0) return undefined
      const { untilEpochSeconds, events: before } = current(key)
      const events = before + counted
      windows.delete(key)
      windows.set(key, { untilEpochSeconds, events })
      if (windows.size > maximumKeys) windows.delete(windows.keys().next().value ?? key)
      return events > maximum ? secondsLeft(untilEpochSeconds) : undefined
    },
  }
}
