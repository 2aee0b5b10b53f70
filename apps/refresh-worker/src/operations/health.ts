import type { StoreActivity } from '../store/store-activity.ts'

/** The health of a worker. */
export interface Health {
  /** Whether its loop runs. Otherwise, restart the process. */
  isAlive(): boolean
  /** Whether it does its work: it is not stopping, and the store answered recently. */
  isReady(): boolean
}

/** What health depends on. */
export interface HealthSources {
  readonly activity: StoreActivity
  /** Whether the worker has started. */
  readonly isRunning: () => boolean
  readonly isStopping: () => boolean
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number
}

/**
 * The loop asks the store every two seconds, but not while it works on as many grants as it may. Those
 * end within the time limit of a request.
 */
const longestSilenceMilliseconds = 90_000
/** Longer than two statements that time out. */
const longestOutageMilliseconds = 30_000

export function workerHealth(sources: HealthSources): Health {
  const { activity, isRunning, isStopping, now = () => performance.now() } = sources
  return {
    isAlive: () =>
      isStopping() || !isRunning() || now() - activity.askedAt < longestSilenceMilliseconds,
    isReady: () =>
      isRunning() && !isStopping() && now() - activity.answeredAt < longestOutageMilliseconds,
  }
}
