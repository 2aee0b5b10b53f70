import { describe, expect, test } from 'vitest'
import { full } from '../src/counts.ts'
import { canSuspend } from '../src/platform.ts'
import {
  clockJumps,
  expiryUnseen,
  skewedClocks,
  sleepDuringRefresh,
  sleepPastExpiry,
} from '../src/scenarios/clocks.ts'
import { testedStores } from './support/stores.ts'

/** Every request ends well, after one refresh and before any 401. */
const smooth = {
  requests: 16,
  succeeded: 16,
  refreshRequests: 1,
  rejections: 0,
  signIns: 0,
  grantAlive: true,
}

for (const { store, counts, available } of testedStores('clocks')) {
  // A database tells the age of a record by its own clock: what a machine believes is no matter.
  const smoothJump = store === 'file' ? smooth : { ...smooth, refreshRequests: 0 }

  // Machines with clocks of their own over a database: packages/client/test/stores, every day.
  describe.runIf(available && (store === 'file' || full))(`over ${store}`, () => {
    test(
      'a clock that jumps an hour ahead, and back, costs no more than a refresh each',
      { tags: ['C-55'] },
      async () => {
        expect(await clockJumps(store)).toEqual({ forward: smoothJump, back: smoothJump })
      },
    )

    test(
      'with clocks within two minutes of each other, every refresh comes before a 401',
      { tags: ['C-55'], timeout: 300_000 },
      async () => {
        const seen = await skewedClocks(store, counts.skewedExpiries)
        expect(seen).toMatchObject({ succeeded: seen.requests, rejections: 0, signIns: 0 })
        expect(seen.refreshRequests).toBeGreaterThanOrEqual(counts.skewedExpiries)
      },
    )

    test(
      'where a clock set back hides the expiry, each request meets one 401, and all share one refresh',
      { tags: ['C-51', 'C-54'] },
      async () => {
        const { rejections, ...seen } = await expiryUnseen(store)
        const { rejections: _none, ...rest } = smooth
        expect(seen).toEqual(rest)
        expect(rejections).toBeLessThanOrEqual(smooth.requests)
      },
    )

    // Suspending processes takes SIGSTOP; strikes.test.ts says so where there is none.
    test.runIf(canSuspend)(
      'a laptop that sleeps past the expiry wakes to one refresh',
      { tags: ['C-51', 'C-55'] },
      async () => {
        expect(await sleepPastExpiry(store)).toEqual(smooth)
      },
    )

    test.runIf(canSuspend)(
      'a laptop that falls asleep during a refresh loses nothing, even without grace',
      { tags: ['C-52', 'C-53'] },
      async () => {
        expect(await sleepDuringRefresh(store)).toEqual(smooth)
      },
    )
  })
}
