/** The time source of the token lifecycle. Tests inject one in which hours pass at once. */
export interface Clock {
  /** Wall-clock time in seconds since the epoch; fractions are allowed. */
  nowEpochSeconds(): number
  /**
   * Resolves after `milliseconds`, or rejects with `signal.reason` when the signal aborts first.
   */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/** The clock of this machine. */
export const systemClock: Clock = {
  nowEpochSeconds: () => Date.now() / 1000,
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, milliseconds)
      function onAbort(): void {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
}

/** Whether less than `seconds` have passed since a time. A clock that was set back ends the period. */
export function isWithin(clock: Clock, seconds: number, sinceEpochSeconds: number): boolean {
  const elapsedSeconds = clock.nowEpochSeconds() - sinceEpochSeconds
  return elapsedSeconds >= 0 && elapsedSeconds < seconds
}
