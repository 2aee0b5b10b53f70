import TinyQueue from 'tinyqueue'

/** `idle`: the callback started nothing, so nothing needs to settle before the next event. */
type Callback = () => 'idle' | void

/** Virtual time. Nothing happens between two events, so a month takes less than a second. */
export interface Timeline {
  /** Seconds since the start of the month. */
  now(): number
  /** Calls back at a time. Callbacks of the same time run in the order of their registration. */
  at(seconds: number, callback: Callback): void
  /** Ends the month before its time. */
  stop(): void
  /** Advances event by event. After each event, all promises settle before the next one. */
  runUntil(seconds: number): Promise<void>
}

interface Event {
  readonly seconds: number
  readonly order: number
  readonly callback: Callback
}

export function createTimeline(): Timeline {
  let now = 0
  let order = 0
  let isStopped = false
  const events = new TinyQueue<Event>(
    [],
    (one, other) => one.seconds - other.seconds || one.order - other.order,
  )

  return {
    now: () => now,
    at(seconds, callback) {
      order += 1
      events.push({ seconds: Math.max(seconds, now), order, callback })
    },
    stop() {
      isStopped = true
    },
    async runUntil(end) {
      await settled()
      for (;;) {
        const next = events.peek()
        if (isStopped || next === undefined || next.seconds > end) break
        events.pop()
        now = next.seconds
        if (next.callback() !== 'idle') await settled()
      }
      now = Math.max(now, end)
    },
  }
}

/**
 * Resolves when no promise can settle any more without another event: the queue of promises is empty
 * before an immediate runs, and nothing in a month waits for a real timer, a socket or a thread.
 */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
