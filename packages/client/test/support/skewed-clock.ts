import type { VirtualClock } from '@evergrant/test-kit'
import type { Clock } from '../../src/index.ts'

/** A clock that is wrong by a fixed number of seconds. */
export function skewedClock(clock: VirtualClock, errorSeconds: number): Clock {
  return {
    nowEpochSeconds: () => clock.nowEpochSeconds() + errorSeconds,
    sleep: (milliseconds, signal) => clock.sleep(milliseconds, signal),
  }
}
