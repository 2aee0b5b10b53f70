import type { Timeline } from '../time/timeline.ts'
import type { Span } from './month.ts'

/** One run of a process, from its start to its end. What it waits for never happens after its end. */
export interface Life {
  readonly process: number
  readonly isAlive: () => boolean
  /** Calls back when the process ends, as the kernel releases the locks of a process. */
  onEnd(callback: () => void): void
  end(): void
}

/** The machine that the processes run on. While it sleeps, nothing happens in them. */
export interface Machine {
  readonly timeline: Timeline
  isAsleep(): boolean
  /** The first time from `seconds` on at which the machine is awake. */
  awakeFrom(seconds: number): number
  /** Whether the machine fell asleep between two times, which breaks connections. */
  fellAsleep(from: number, to: number): boolean
  /** Calls back at a time, or when the machine wakes up after it. */
  at(seconds: number, callback: () => void): void
  startLife(process: number): Life
}

export function createMachine(timeline: Timeline, sleeps: readonly Span[]): Machine {
  function awakeFrom(seconds: number): number {
    return sleeps.find(({ from, to }) => seconds >= from && seconds < to)?.to ?? seconds
  }

  function at(seconds: number, callback: () => void): void {
    timeline.at(awakeFrom(seconds), callback)
  }

  return {
    timeline,
    awakeFrom,
    at,
    isAsleep: () => awakeFrom(timeline.now()) !== timeline.now(),
    fellAsleep: (begin, end) => sleeps.some(({ from }) => from > begin && from <= end),
    startLife(process) {
      const callbacks: (() => void)[] = []
      let isAlive = true
      return {
        process,
        isAlive: () => isAlive,
        onEnd: (callback) => void callbacks.push(callback),
        end() {
          isAlive = false
          for (const callback of callbacks.splice(0)) callback()
        },
      }
    },
  }
}
