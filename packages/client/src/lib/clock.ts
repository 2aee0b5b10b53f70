/**
 * The time, as the token lifecycle sees it. Injected, so that a test can let hours pass at once.
 */
export interface Clock {
  /** Wall-clock time in seconds since the epoch; fractions are allowed. */
  nowEpochSeconds(): number
  /**
   * Resolves after `milliseconds`, or rejects with `signal.reason` when the signal aborts first.
   */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/** The machine's own clock. */
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
