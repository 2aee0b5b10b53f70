import type { Clock } from '../lib/clock.ts'

/** A clock that never goes back. It measures pauses, not the times of tokens. */
export interface SteadyClock extends Clock {
  /** The time by the clock of the machine, for events and statistics. */
  machineEpochSeconds(steadyEpochSeconds: number): number
}

/**
 * Measures pauses by a clock that can be set back. Otherwise, a pause of a second would last for an
 * hour if the clock is set back by an hour during it.
 */
export function steadyClock(clock: Clock): SteadyClock {
  let lastEpochSeconds = Number.NEGATIVE_INFINITY
  let setBackSeconds = 0

  function nowEpochSeconds(): number {
    const now = clock.nowEpochSeconds()
    if (now < lastEpochSeconds) setBackSeconds += lastEpochSeconds - now
    lastEpochSeconds = now
    return now + setBackSeconds
  }

  return {
    nowEpochSeconds,
    sleep: (milliseconds, signal) => clock.sleep(milliseconds, signal),
    machineEpochSeconds(steadyEpochSeconds) {
      nowEpochSeconds()
      return steadyEpochSeconds - setBackSeconds
    },
  }
}
