import type { Clock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'

/** Waits between attempts, in milliseconds: about three seconds in all. */
const retryWaits: readonly number[] = [50, 100, 200, 400, 800, 1600]

/**
 * Does what is to save something that exists nowhere else, and tries again for a while where the
 * store fails: a virus scanner, a lock held by a suspended process, a disk that is being cleared.
 *
 * @throws What the last attempt threw; anything but an `EvergrantClientError` at once.
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
