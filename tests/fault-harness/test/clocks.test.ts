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

/** Every request succeeds after one refresh and without a 401. */
const smooth = {
  requests: 16,
  succeeded: 16,
  refreshRequests: 1,
  rejections: 0,
  signIns: 0,
  grantAlive: true,
}

for (const { store, counts, available } of testedStores('clocks')) {
  // A database computes the age of a record with its own clock, not with the machine's.
  const smoothJump = store === 'file' ? smooth : { ...smooth, refreshRequests: 0 }

  // packages/client/test/stores covers databases with machines whose clocks differ.
  describe.runIf(available && (store === 'file' || full))(`over ${store}`, () => {
    test(
      'clock jumps an hour ahead and back: each jump costs at most one refresh',
      { tags: ['C-55'] },
      async () => {
        expect(await clockJumps(store)).toEqual({ forward: smoothJump, back: smoothJump })
      },
    )

    test(
      'clocks within two minutes of each other: every refresh happens before a 401',
      { tags: ['C-55'], timeout: 300_000 },
      async () => {
        const seen = await skewedClocks(store, counts.skewedExpiries)
        expect(seen).toMatchObject({ succeeded: seen.requests, rejections: 0, signIns: 0 })
        expect(seen.refreshRequests).toBeGreaterThanOrEqual(counts.skewedExpiries)
      },
    )

    test(
      'clock set back hides the expiry: each request receives at most one 401, and all share one refresh',
      { tags: ['C-51', 'C-54'] },
      async () => {
        const { rejections, ...seen } = await expiryUnseen(store)
        const { rejections: _none, ...rest } = smooth
        expect(seen).toEqual(rest)
        expect(rejections).toBeLessThanOrEqual(smooth.requests)
      },
    )

    // Suspending processes requires SIGSTOP. process-kills.test.ts prints a notice without it.
    test.runIf(canSuspend)(
      'laptop sleeps past the expiry: one refresh after it wakes',
      { tags: ['C-51', 'C-55'] },
      async () => {
        expect(await sleepPastExpiry(store)).toEqual(smooth)
      },
    )

    test.runIf(canSuspend)(
      'laptop falls asleep during a refresh: nothing is lost, even without grace',
      { tags: ['C-52', 'C-53'] },
      async () => {
        expect(await sleepDuringRefresh(store)).toEqual(smooth)
      },
    )
  })
}
