/** A clock that stands still until a test moves it. Fits the `Clock` of `@evergrant/client`. */
export interface VirtualClock {
  nowEpochSeconds(): number
  /** Resolves once the clock has been moved this far; rejects with the signal's reason. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
  /** Moves the clock, wakes every sleeper that is due, in the order in which they are due. */
  advanceSeconds(seconds: number): void
  /** Sets the time. Backwards is allowed, as with a real clock; nobody wakes then. */
  set(epochSeconds: number): void
  /** How many sleepers wait now. */
  sleepers(): number
  /** Resolves when at least `count` (default 1) sleepers wait: what to await before advancing. */
  untilSleeping(count?: number): Promise<void>
}

interface Sleeper {
  readonly dueEpochSeconds: number
  readonly wake: () => void
}

/**
 * Makes a virtual clock.
 *
 * @param startEpochSeconds - Default 1 800 000 000 (January 2027); fractions are allowed.
 */
export function virtualClock(startEpochSeconds: number = 1_800_000_000): VirtualClock {
  let now = startEpochSeconds
  const sleeping = new Set<Sleeper>()
  const watchers = new Set<{ readonly count: number; readonly resolve: () => void }>()

  function tellWatchers(): void {
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
        tellWatchers()
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
        tellWatchers()
      })
    },
  }
}

function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  return reason instanceof Error ? reason : new DOMException('Aborted', 'AbortError')
}
