import type { StreamPosition } from './event-stream.ts'

const firstDelayMilliseconds = 1000
const longestDelayMilliseconds = 30_000
/** A server may ask for longer than the proxy would wait. */
const longestRequestedMilliseconds = 10 * 60_000

/** How long to wait before a stream is opened again: what the server asks for, otherwise longer each time. */
export function reconnectDelay({ retryMilliseconds }: StreamPosition, failures: number): number {
  const growing = firstDelayMilliseconds * 2 ** Math.min(Math.max(failures - 1, 0), 5)
  const own = Math.min(growing, longestDelayMilliseconds)
  if (retryMilliseconds === undefined) return own
  const requested = Math.min(retryMilliseconds, longestRequestedMilliseconds)
  return failures > 1 ? Math.max(requested, own) : requested
}

/** Waits, or returns early when the signal aborts. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    function end(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    signal.addEventListener('abort', end, { once: true })
  })
}

/** Waits for a promise, but no longer than a time. Its timer does not outlive the wait. */
export async function atMost(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  const end = new AbortController()
  try {
    await Promise.race([promise, pause(milliseconds, end.signal)])
  } finally {
    end.abort()
  }
}
