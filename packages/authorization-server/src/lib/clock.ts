/** The time. Injected, so that a test can let days pass at once. */
export interface Clock {
  /** Wall-clock time in seconds since the epoch. Fractions are cut off before a time is stored. */
  nowEpochSeconds(): number
}

/** The machine's own clock. */
const systemClock: Clock = { nowEpochSeconds: () => Date.now() / 1000 }

/** A clock that counts whole seconds, as stored times do. */
export function wholeSeconds(clock: Clock = systemClock): Clock {
  return { nowEpochSeconds: () => Math.floor(clock.nowEpochSeconds()) }
}
