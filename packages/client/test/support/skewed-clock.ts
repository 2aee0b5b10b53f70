import type { VirtualClock } from '@evergrant/test-kit'
import type { Clock } from '../../src/index.ts'

/** The clock of a machine that is wrong by so many seconds, and goes at the right speed. */
export function skewedClock(clock: VirtualClock, errorSeconds: number): Clock {
  return {
    nowEpochSeconds: () => clock.nowEpochSeconds() + errorSeconds,
    sleep: (milliseconds, signal) => clock.sleep(milliseconds, signal),
  }
}
