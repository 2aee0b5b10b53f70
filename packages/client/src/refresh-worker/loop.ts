import type { Clock } from '../lib/clock.ts'
import type { Alarm } from './alarm.ts'
import type { RefreshWorkerEvent } from './api.ts'
import type { Attempts } from './attempts.ts'
import type { Schedule } from './schedule.ts'

/** Timers stop while a machine sleeps, and can drift, so the clock is read at least this often. */
const longestSleepSeconds = 30
/** A clock that went back further than this was set back. */
const clockNoiseSeconds = 5

/** Starts scans and refresh attempts when they are due. */
export interface Loop {
  start(signal: AbortSignal): void
  /** Resolves when the loop has ended after an abort. */
  ended(): Promise<void>
  /** Starts everything that is due now. */
  startDue(signal: AbortSignal): void
}

/** What the loop needs. */
export interface LoopOptions {
  readonly clock: Clock
  readonly schedule: Schedule
  readonly attempts: Attempts
  readonly alarm: Alarm
  readonly rescanSeconds: number
  readonly scan: (signal: AbortSignal) => Promise<void>
  readonly report: (event: RefreshWorkerEvent) => void
}

export function createLoop(options: LoopOptions): Loop {
  const { clock, schedule, attempts, alarm, rescanSeconds, scan, report } = options
  let looping: Promise<void> = Promise.resolve()
  let lastSeenEpochSeconds = 0
  let nextScanEpochSeconds = 0

  function startDue(signal: AbortSignal): void {
    const now = clock.nowEpochSeconds()
    if (now < lastSeenEpochSeconds - clockNoiseSeconds) {
      schedule.dropTimes()
      nextScanEpochSeconds = now
    }
    lastSeenEpochSeconds = now
    if (now >= nextScanEpochSeconds) {
      scan(signal).catch((error: unknown) => {
        report({ type: 'refresh-worker-failed', issuer: undefined, error })
      })
      nextScanEpochSeconds = now + rescanSeconds
    }
    for (const server of schedule.servers.values()) attempts.startDue(server)
  }

  async function loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      startDue(signal)
      const longest = clock.nowEpochSeconds() + longestSleepSeconds
      const wakeAt = Math.min(nextScanEpochSeconds, longest, schedule.nextStart())
      await alarm.sleepUntil(wakeAt, signal)
    }
  }

  return {
    start(signal) {
      lastSeenEpochSeconds = clock.nowEpochSeconds()
      nextScanEpochSeconds = lastSeenEpochSeconds + rescanSeconds
      looping = loop(signal)
    },
    ended: () => looping,
    startDue,
  }
}
