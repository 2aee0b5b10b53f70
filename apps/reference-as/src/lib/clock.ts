/** The time in whole seconds since the epoch. From the system's clock, which the engine uses too. */
export function nowEpochSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
