import { setTimeout as pause } from 'node:timers/promises'

/** Looks again and again, since what happens in another process announces itself nowhere. */
export async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 30_000
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error('What was waited for did not happen.')
    await pause(1)
  }
}

/** Waits for work, and says in words what did not happen in time. */
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
