import { setImmediate as otherWork } from 'node:timers/promises'
import { nowEpochSeconds } from '../lib/clock.ts'
import { clippedMessage } from '../telemetry/log.ts'
import type { Log } from '../telemetry/log.ts'
import type { Store } from './store.ts'

const sweepEveryMilliseconds = 60_000
/** Longer than the engine's tolerance for clocks. */
const sweepDelaySeconds = 60

/** Deletes expired rows every minute. Clear the returned interval to stop. */
export function startSweeping(store: Store, log: Log): NodeJS.Timeout {
  const timer = setInterval(() => {
    store.sweep(nowEpochSeconds() - sweepDelaySeconds).then(
      (rows) => rows > 0 && log({ level: 'info', event: 'store.swept', rows }),
      (error: unknown) =>
        log({ level: 'error', event: 'store.sweep_failed', detail: clippedMessage(error) }),
    )
  }, sweepEveryMilliseconds)
  return timer.unref()
}

/** How many rows one statement of a sweep deletes. A refresh may have to wait for one statement. */
export const sweepBatchRows = 1000

/** The next sweep, a minute later, continues after this many. */
const batchesPerSweep = 100

/**
 * Deletes in batches. One statement for a large backlog, as after a day without the server, would
 * block every refresh until it is done.
 *
 * @param deleteBatch - Deletes up to {@link sweepBatchRows} rows and returns how many.
 * @param isOpen - Whether the database is still open: closing it does not wait for a running sweep.
 * @returns How many rows were deleted.
 */
export async function sweepInBatches(
  deleteBatch: () => number | Promise<number>,
  isOpen: () => boolean,
): Promise<number> {
  let swept = 0
  for (let batch = 0; batch < batchesPerSweep && isOpen(); batch += 1) {
    const rows = await deleteBatch()
    swept += rows
    if (rows < sweepBatchRows) break
    // SQLite runs on the event loop, so other work gets its turn here.
    await otherWork()
  }
  return swept
}
