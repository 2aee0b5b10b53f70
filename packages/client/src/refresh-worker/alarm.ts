import type { Clock } from '../lib/clock.ts'

/** A sleep that ends early if work becomes due before its end. */
export interface Alarm {
  /** Resolves at that time, after {@link wakeFor}, or when the signal aborts. Never rejects. */
  sleepUntil(epochSeconds: number, signal: AbortSignal): Promise<void>
  /** Ends the sleep if it would last longer than until that time. */
  wakeFor(dueAtEpochSeconds: number): void
}

const shortestSleepSeconds = 0.05

export function alarm(clock: Clock): Alarm {
  let wakeAtEpochSeconds = 0
  let wake = new AbortController()
  return {
    async sleepUntil(epochSeconds, signal) {
      wakeAtEpochSeconds = epochSeconds
      wake = new AbortController()
      const seconds = Math.max(shortestSleepSeconds, epochSeconds - clock.nowEpochSeconds())
      await clock
        .sleep(seconds * 1000, AbortSignal.any([signal, wake.signal]))
        .catch(() => undefined)
    },
    wakeFor(dueAtEpochSeconds) {
      if (dueAtEpochSeconds < wakeAtEpochSeconds) wake.abort()
    },
  }
}
