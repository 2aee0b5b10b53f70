import { setImmediate as others } from 'node:timers/promises'

/** How many rows one statement of a sweep deletes: few enough that a refresh can wait for it. */
export const sweepBatchRows = 1000

/** What is left after so many goes with the next sweep, a minute later. */
const batchesPerSweep = 100

/**
 * Deletes in batches. A backlog in one statement, as after a day without the server, would hold up
 * every refresh until it is done.
 *
 * @param deleteBatch - Deletes up to {@link sweepBatchRows} rows and says how many.
 * @param isOpen - Whether the database still is: nothing waits for a sweep that is under way.
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
    // SQLite works on the event loop itself, and whoever waits for that goes first.
    await others()
  }
  return swept
}
