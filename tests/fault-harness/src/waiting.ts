import { setTimeout as pause } from 'node:timers/promises'

/** Polls a condition that depends on another process, which sends no event for it. */
export async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 120_000
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error('The condition was not met within 2 minutes.')
    await pause(1)
  }
}

/** Waits for work. After `milliseconds` it throws an error with the message `otherwise`. */
export async function within<Value>(
  milliseconds: number,
  work: Promise<Value>,
  otherwise: string,
): Promise<Value> {
  const cancelled = new AbortController()
  try {
    return await Promise.race([
      work,
      pause(milliseconds, undefined, { signal: cancelled.signal }).then(() => {
        throw new Error(otherwise)
      }),
    ])
  } finally {
    cancelled.abort()
  }
}
