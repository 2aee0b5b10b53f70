/** Opens once, and then lets everything pass that waited for it. */
export interface Latch {
  readonly isOpen: () => boolean
  open(): void
  /** Calls back when the latch opens. */
  onOpen(callback: () => void): void
}

export function createLatch(): Latch {
  let isOpen = false
  const waiting: (() => void)[] = []
  return {
    isOpen: () => isOpen,
    open() {
      isOpen = true
      for (const callback of waiting.splice(0)) callback()
    },
    onOpen(callback) {
      if (isOpen) callback()
      else waiting.push(callback)
    },
  }
}

/** Something that takes time. It yields the seconds, or the latch, that it waits for. */
export type Task<Result = void> = Generator<number | Latch, Result, void>

/** Virtual time. Nothing happens between two events, so a day takes milliseconds. */
export interface Timeline {
  readonly now: () => number
  /** Calls back at a time. Callbacks of the same time run in the order of their registration. */
  at(seconds: number, callback: () => void): void
  /**
   * Starts a task now.
   *
   * @param isAlive - Asked before each step. A task that is not alive never continues.
   */
  start(task: Task, isAlive: () => boolean): void
  /** Advances to the end, event by event. Later events do not happen. */
  runUntil(seconds: number): void
}

interface Event {
  readonly seconds: number
  readonly callback: () => void
}

export function createTimeline(): Timeline {
  let now = 0
  /** The next event is the last one, so that taking it moves no other. */
  const events: Event[] = []

  function at(seconds: number, callback: () => void): void {
    let index = events.length
    while (index > 0 && (events[index - 1]?.seconds ?? 0) <= seconds) index -= 1
    events.splice(index, 0, { seconds, callback })
  }

  function step(task: Task, isAlive: () => boolean): void {
    if (!isAlive()) return
    const { done, value } = task.next()
    if (done === true) return
    const resume = (): void => step(task, isAlive)
    if (typeof value === 'number') at(now + value, resume)
    else value.onOpen(() => at(now, resume))
  }

  return {
    now: () => now,
    at,
    start: step,
    runUntil(seconds) {
      for (;;) {
        const next = events.at(-1)
        if (next === undefined || next.seconds > seconds) break
        events.pop()
        now = Math.max(now, next.seconds)
        next.callback()
      }
      now = seconds
    },
  }
}
