/** The current time, injected so that tests can advance it. */
export interface Clock {
  /** Wall-clock time in seconds since the epoch; fractions are allowed. */
  nowEpochSeconds(): number
}

/** The clock of this machine. */
export const systemClock: Clock = { nowEpochSeconds: () => Date.now() / 1000 }
