import { expect, test } from 'vitest'
import { counts } from '../src/counts.ts'
import { canSuspend } from '../src/platform.ts'
import {
  clockJumps,
  expiryUnseen,
  skewedClocks,
  sleepDuringRefresh,
  sleepPastExpiry,
} from '../src/scenarios/clocks.ts'

/** Every request ends well, after one refresh and before any 401. */
const smooth = {
  requests: 16,
  succeeded: 16,
  refreshRequests: 1,
  rejections: 0,
  signIns: 0,
  grantAlive: true,
}

test(
  'a clock that jumps an hour ahead, and back, costs a refresh each',
  { tags: ['C-55'] },
  async () => {
    expect(await clockJumps()).toEqual({ forward: smooth, back: smooth })
  },
)

test(
  'where a clock set back hides the expiry, each request meets one 401, and all share one refresh',
  { tags: ['C-51', 'C-54'] },
  async () => {
    const { rejections, ...seen } = await expiryUnseen()
    const { rejections: _none, ...rest } = smooth
    expect(seen).toEqual(rest)
    expect(rejections).toBeLessThanOrEqual(smooth.requests)
  },
)

test(
  'with clocks within two minutes of each other, every refresh comes before a 401',
  { tags: ['C-55'], timeout: 300_000 },
  async () => {
    const seen = await skewedClocks(counts.skewedExpiries)
    expect(seen).toMatchObject({ succeeded: seen.requests, rejections: 0, signIns: 0 })
    expect(seen.refreshRequests).toBeGreaterThanOrEqual(counts.skewedExpiries)
  },
)

// Suspending processes takes SIGSTOP; strikes.test.ts says so where there is none.
test.runIf(canSuspend)(
  'a laptop that sleeps past the expiry wakes to one refresh',
  { tags: ['C-51', 'C-55'] },
  async () => {
    expect(await sleepPastExpiry()).toEqual(smooth)
  },
)

test.runIf(canSuspend)(
  'a laptop that falls asleep during a refresh loses nothing, even without grace',
  { tags: ['C-52', 'C-53'] },
  async () => {
    expect(await sleepDuringRefresh()).toEqual(smooth)
  },
)
