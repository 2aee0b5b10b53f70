import { virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import type { WaitingGrant } from '../../src/refresh-worker/due-grant.ts'
import { serverQueue } from '../../src/refresh-worker/server-queue.ts'
import { steadyClock } from '../../src/refresh-worker/steady-clock.ts'

/** A queue whose budget grants what the test sets. */
function scene(places: number) {
  const clock = virtualClock()
  const started: string[] = []
  const postponed: { readonly id: string; readonly seconds: number }[] = []
  const asked: { readonly wanted: number; readonly limit: number }[] = []
  let free = places
  let granted = 0
  const queue = serverQueue('https://as.test', {
    budget: {
      granted: () => granted,
      async ask(wanted, _running, limit) {
        asked.push({ wanted, limit })
        granted = Math.min(wanted, limit, free)
      },
    },
    limits: {
      maximumConcurrentRefreshes: 8,
      maximumRefreshesPerSecond: Number.POSITIVE_INFINITY,
    },
    clock: steadyClock(clock),
    random: () => 0,
    onFailure: () => undefined,
    start: ({ id }) => started.push(id),
    postpone: ({ id }, seconds) => postponed.push({ id, seconds }),
    isHealthy: async () => false,
  })
  return {
    clock,
    queue,
    started,
    postponed,
    asked,
    setFree(count: number) {
      free = count
    },
    add(...ids: readonly string[]) {
      for (const id of ids) queue.add({ id } as unknown as WaitingGrant)
    },
  }
}

test('server queue: gives grants back that get no place, so that they do not keep others out', async () => {
  const it = scene(0)
  it.add('one', 'two')
  for (let second = 0; second < 20; second += 1) {
    await it.queue.advance()
    it.clock.advanceSeconds(1)
  }
  expect(it.started).toEqual([])
  expect(it.queue.waiting).toBe(0)
  expect(it.postponed.map(({ id }) => id)).toEqual(['one', 'two'])
})

test('server queue: after a short pause one request goes first, with a place of the smaller budget', async () => {
  const it = scene(8)
  it.add('a', 'b', 'c')
  await it.queue.advance()
  expect(it.started).toEqual(['a', 'b', 'c'])
  it.queue.pause(0.5)
  for (let ended = 0; ended < 3; ended += 1) it.queue.ended(0.1)
  it.clock.advanceSeconds(1)
  it.add('d', 'e', 'f')
  expect(it.started).toHaveLength(3)
  await it.queue.advance()
  expect(it.asked.at(-1)?.limit).toBe(1)
  expect(it.started).toEqual(['a', 'b', 'c', 'd'])
  it.queue.answered()
  it.queue.ended(0.1)
  it.clock.advanceSeconds(1)
  await it.queue.advance()
  expect(it.started).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
})

test('server queue: gives its places back soon after its work has ended', async () => {
  const it = scene(8)
  it.add('a')
  await it.queue.advance()
  it.queue.ended(0.1)
  expect(it.queue.nextEpochSeconds()).toBeLessThanOrEqual(it.clock.nowEpochSeconds() + 5)
  it.clock.advanceSeconds(5)
  await it.queue.advance()
  expect(it.asked.at(-1)?.wanted).toBe(0)
  expect(it.queue.nextEpochSeconds()).toBe(Number.POSITIVE_INFINITY)
})
