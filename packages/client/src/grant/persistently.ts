import type { Clock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'

/** Waits between attempts, in milliseconds: about three seconds in total. */
const retryWaits: readonly number[] = [50, 100, 200, 400, 800, 1600]

/**
 * Saves data that exists only in this process, and repeats the attempt for a while if the store
 * fails. Short failures have many causes: a virus scanner, a lock that a suspended process holds, a
 * full disk.
 *
 * @throws The error of the last attempt. Anything but an `EvergrantClientError` is thrown at once.
 */
export async function persistently<Value>(
  clock: Clock,
  save: () => Promise<Value>,
): Promise<Value> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await save()
    } catch (cause) {
      const wait = retryWaits[attempt]
      if (!EvergrantClientError.is(cause) || wait === undefined) throw cause
      await clock.sleep(wait)
    }
  }
}
