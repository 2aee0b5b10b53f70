/** A clock that advances only when a test advances it. Implements `Clock` of `@evergrant/client`. */
export interface VirtualClock {
  nowEpochSeconds(): number
  /** Resolves when the clock has advanced this far, or rejects with the signal's reason. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
  /** Advances the clock, and wakes every due sleeper in order. */
  advanceSeconds(seconds: number): void
  /** Sets the time. Like a real clock, it can go back, which wakes no sleeper. */
  set(epochSeconds: number): void
  /** The number of waiting sleepers. */
  sleepers(): number
  /** Resolves when at least `count` (default 1) sleepers wait. Await it before you advance the clock. */
  untilSleeping(count?: number): Promise<void>
}

interface Sleeper {
  readonly dueEpochSeconds: number
  readonly wake: () => void
}

/**
 * Creates a virtual clock.
 *
 * @param startEpochSeconds - Default 1 800 000 000 (January 2027). Fractions are allowed.
 */
export function virtualClock(startEpochSeconds: number = 1_800_000_000): VirtualClock {
  let now = startEpochSeconds
  const sleeping = new Set<Sleeper>()
  const watchers = new Set<{ readonly count: number; readonly resolve: () => void }>()

  function notifyWatchers(): void {
    for (const watcher of watchers) {
      if (sleeping.size < watcher.count) continue
      watchers.delete(watcher)
      watcher.resolve()
    }
  }

  function wakeDue(): void {
    const due = [...sleeping]
      .filter((sleeper) => sleeper.dueEpochSeconds <= now)
      .sort((a, b) => a.dueEpochSeconds - b.dueEpochSeconds)
    for (const sleeper of due) {
      sleeping.delete(sleeper)
      sleeper.wake()
    }
  }

  return {
    nowEpochSeconds: () => now,
    sleepers: () => sleeping.size,
    sleep(milliseconds, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(abortReason(signal))
          return
        }
        function abort(): void {
          sleeping.delete(sleeper)
          reject(abortReason(signal))
        }
        const sleeper: Sleeper = {
          dueEpochSeconds: now + milliseconds / 1000,
          wake() {
            signal?.removeEventListener('abort', abort)
            resolve()
          },
        }
        signal?.addEventListener('abort', abort, { once: true })
        sleeping.add(sleeper)
        wakeDue()
        notifyWatchers()
      })
    },
    advanceSeconds(seconds) {
      if (!(seconds >= 0)) {
        throw new RangeError(`advanceSeconds expects zero or more seconds, got ${seconds}.`)
      }
      now += seconds
      wakeDue()
    },
    set(epochSeconds) {
      now = epochSeconds
      wakeDue()
    },
    untilSleeping(count = 1) {
      return new Promise((resolve) => {
        watchers.add({ count, resolve })
        notifyWatchers()
      })
    },
  }
}

function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  return reason instanceof Error ? reason : new DOMException('Aborted', 'AbortError')
}
