import { seededRandom } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import type { Share } from '../../src/refresh-worker/shares.ts'
import { nextShares } from '../../src/refresh-worker/shares.ts'

function grantedTo(shares: readonly Share[]): Record<string, number> {
  return Object.fromEntries(shares.map(({ worker, granted }) => [worker, granted]))
}

/** Lets each worker ask in turn, until nothing changes. */
function settle(
  wanted: Readonly<Record<string, number>>,
  budget: number,
  shares: readonly Share[] = [],
): readonly Share[] {
  let current = shares
  for (let round = 0; round < 4; round += 1) {
    for (const [worker, wants] of Object.entries(wanted)) {
      const request = { worker, wanted: wants, running: 0, validSeconds: 10 }
      current = nextShares(current, request, budget)
    }
  }
  return current
}

test.each([
  { wanted: { a: 8 }, budget: 10, granted: { a: 8 } },
  { wanted: { a: 100 }, budget: 10, granted: { a: 10 } },
  { wanted: { a: 100, b: 100 }, budget: 10, granted: { a: 5, b: 5 } },
  { wanted: { a: 2, b: 100, c: 100 }, budget: 10, granted: { a: 2, b: 4, c: 4 } },
  { wanted: { a: 0, b: 100 }, budget: 10, granted: { a: 0, b: 10 } },
  { wanted: { a: 100, b: 100, c: 100 }, budget: 2, granted: { a: 1, b: 1, c: 0 } },
])('shares: $wanted of $budget is divided as $granted', ({ wanted, budget, granted }) => {
  expect(grantedTo(settle(wanted, budget))).toEqual(granted)
})

test('shares: a worker that joins gets its part when the others have given up theirs', () => {
  const alone = settle({ a: 100 }, 10)
  const joining = nextShares(alone, { worker: 'b', wanted: 100, running: 0, validSeconds: 10 }, 10)
  expect(grantedTo(joining)).toEqual({ a: 10, b: 0 })
  // Six requests of a are under way, and are not called back.
  const busy = nextShares(joining, { worker: 'a', wanted: 100, running: 6, validSeconds: 10 }, 10)
  expect(grantedTo(busy)).toEqual({ a: 6, b: 0 })
  expect(grantedTo(settle({ a: 100, b: 100 }, 10, busy))).toEqual({ a: 5, b: 5 })
})

test('shares: a part that has ended is free', () => {
  const ended = [{ worker: 'a', wanted: 100, granted: 10, endsInSeconds: 0 }]
  const next = nextShares(ended, { worker: 'b', wanted: 100, running: 0, validSeconds: 10 }, 10)
  expect(grantedTo(next)).toEqual({ b: 10 })
})

test('shares: all parts together never exceed the budget, whatever the workers ask for', () => {
  const random = seededRandom(13)
  const pick = (below: number): number => Math.floor(random() * below)
  for (let run = 0; run < 200; run += 1) {
    const budget = 1 + pick(40)
    let shares: readonly Share[] = []
    for (let step = 0; step < 60; step += 1) {
      const worker = `worker-${pick(6)}`
      const mine = shares.find((share) => share.worker === worker)?.granted ?? 0
      const running = pick(mine + 1)
      const request = { worker, wanted: running + pick(30), running, validSeconds: 10 }
      shares = nextShares(
        shares.map((share) => ({ ...share, endsInSeconds: share.endsInSeconds - pick(3) })),
        request,
        budget,
      )
      const granted = shares.find((share) => share.worker === worker)?.granted ?? 0
      const sum = shares.reduce((all, share) => all + share.granted, 0)
      expect(sum).toBeLessThanOrEqual(budget)
      expect(granted).toBeGreaterThanOrEqual(0)
    }
  }
})
