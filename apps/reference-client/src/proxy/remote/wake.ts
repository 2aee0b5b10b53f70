/** Reports when the machine has slept. */
export interface WakeWatch {
  /** Calls `woke` after each sleep, until the returned function is called. */
  subscribe(woke: () => void): () => void
  close(): void
}

const tickMilliseconds = 5000
/** A busy machine delays a timer by less. */
const sleepMilliseconds = 15_000

/**
 * Watches for sleep: timers stop while a machine sleeps and its clock does not. Connections that were
 * open may be dead without a sign.
 *
 * @param times - The pace of the watch. Default: a tick every 5 s, a sleep is a gap of 15 s.
 */
export function wakeWatch(
  times: { readonly tickMilliseconds: number; readonly sleepMilliseconds: number } = {
    tickMilliseconds,
    sleepMilliseconds,
  },
): WakeWatch {
  const subscribers = new Set<() => void>()
  let lastTickAt = Date.now()
  const timer = setInterval(() => {
    const now = Date.now()
    const slept = now - lastTickAt - times.tickMilliseconds > times.sleepMilliseconds
    lastTickAt = now
    if (slept) for (const woke of subscribers) woke()
  }, times.tickMilliseconds)
  timer.unref()
  return {
    subscribe(woke) {
      subscribers.add(woke)
      return () => subscribers.delete(woke)
    },
    close: () => clearInterval(timer),
  }
}
