import { expect, test } from 'vitest'
import type { RefreshWorkerOptions } from '../../src/refresh-worker.ts'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import { lifetimeSeconds, manyGrants } from '../support/many-grants.ts'

/** Many due grants, and workers whose requests are answered when the test says so. */
async function scene(users: number) {
  const many = await manyGrants()
  for (let user = 1; user <= users; user += 1) await many.signIn(`user-${user}`)
  const held: (() => void)[] = []
  let mostAtOnce = 0
  let atOnce = 0
  const holding: typeof fetch = async (input, init) => {
    atOnce += 1
    mostAtOnce = Math.max(mostAtOnce, atOnce)
    await new Promise<void>((resolve) => {
      held.push(resolve)
    })
    const response = await fetch(input, init)
    atOnce -= 1
    return response
  }
  const workers: ReturnType<typeof createRefreshWorker>[] = []
  return {
    ...many,
    mostAtOnce: () => mostAtOnce,
    atOnce: () => atOnce,
    async worker(options: RefreshWorkerOptions) {
      const worker = createRefreshWorker(many.store, {
        clock: many.clock,
        fetch: holding,
        random: () => 0,
        ...options,
      })
      workers.push(worker)
      await worker.start()
      await many.clock.untilSleeping()
      return worker
    },
    answer() {
      for (const release of held.splice(0)) release()
    },
    refreshing: () =>
      workers.map((worker) => worker.stats().servers.reduce((sum, one) => sum + one.refreshing, 0)),
    async [Symbol.asyncDispose]() {
      const stopping = workers.map((worker) => worker.stop())
      let done = false
      const stopped = Promise.all(stopping).then(() => (done = true))
      await expect
        .poll(() => {
          for (const release of held.splice(0)) release()
          return done
        })
        .toBe(true)
      await stopped
      await many[Symbol.asyncDispose]()
    },
  }
}

function untilAborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    signal?.addEventListener('abort', () => resolve())
  })
}

test(
  'refresh worker: all workers together send no more requests to one server at once than the limit',
  { tags: ['C-55'] },
  async () => {
    await using it = await scene(40)
    it.clock.advanceSeconds(lifetimeSeconds)
    for (let number = 0; number < 3; number += 1) {
      await it.worker({ maximumConcurrentRefreshes: 6 })
    }
    await expect
      .poll(() => {
        it.clock.advanceSeconds(0.5)
        it.answer()
        return it.as.count('token', 'refreshed')
      })
      .toBe(40)
    expect(it.mostAtOnce()).toBe(6)
    expect(it.as.refreshRequests()).toBe(40)
  },
)

test(
  'refresh worker: workers divide the limit of a server evenly',
  { tags: ['C-55'] },
  async () => {
    await using it = await scene(60)
    it.clock.advanceSeconds(lifetimeSeconds)
    await it.worker({ maximumConcurrentRefreshes: 6 })
    await expect
      .poll(() => {
        it.clock.advanceSeconds(0.1)
        return it.refreshing()
      })
      .toEqual([6])
    await it.worker({ maximumConcurrentRefreshes: 6 })
    await expect
      .poll(() => {
        it.clock.advanceSeconds(0.5)
        if (it.atOnce() === 6) it.answer()
        return it.refreshing()
      })
      .toEqual([3, 3])
  },
)

test(
  'refresh worker: the places of a worker that was suspended are free after a while',
  { tags: ['C-55'] },
  async () => {
    await using it = await scene(20)
    it.clock.advanceSeconds(lifetimeSeconds)
    let suspendedAt: number | undefined
    const clock = {
      nowEpochSeconds: () => suspendedAt ?? it.clock.nowEpochSeconds(),
      sleep: (milliseconds: number, signal?: AbortSignal) =>
        suspendedAt === undefined ? it.clock.sleep(milliseconds, signal) : untilAborted(signal),
    }
    await it.worker({ maximumConcurrentRefreshes: 4, clock })
    await expect
      .poll(() => {
        it.clock.advanceSeconds(0.1)
        return it.atOnce()
      })
      .toBe(4)
    suspendedAt = it.clock.nowEpochSeconds()
    await it.worker({ maximumConcurrentRefreshes: 4 })
    it.clock.advanceSeconds(1)
    expect(it.refreshing()[1]).toBe(0)
    await expect
      .poll(() => {
        it.clock.advanceSeconds(1)
        return it.refreshing()[1]
      })
      .toBe(4)
  },
)

test(
  'refresh worker: all workers together keep the limit of requests per second',
  { tags: ['C-55'] },
  async () => {
    const many = await manyGrants()
    for (let user = 1; user <= 60; user += 1) await many.signIn(`user-${user}`)
    many.clock.advanceSeconds(lifetimeSeconds)
    const { clock, store } = many
    const sentAt: number[] = []
    const counting: typeof fetch = async (input, init) => {
      sentAt.push(clock.nowEpochSeconds())
      return await fetch(input, init)
    }
    const workers = [1, 2].map(() =>
      createRefreshWorker(store, {
        clock,
        fetch: counting,
        maximumConcurrentRefreshes: 10,
        maximumRefreshesPerSecond: 2,
      }),
    )
    await Promise.all(workers.map((worker) => worker.start()))
    for (let tenth = 0; tenth < 1000 && sentAt.length < 60; tenth += 1) {
      clock.advanceSeconds(0.1)
      await Promise.all(workers.map((worker) => worker.whenIdle()))
    }
    await Promise.all(workers.map((worker) => worker.stop()))
    await many[Symbol.asyncDispose]()
    expect(sentAt).toHaveLength(60)
    const busiest = sentAt.map((from) => sentAt.filter((at) => at >= from && at < from + 5).length)
    // Ten in five seconds, and one that each worker may send before it paces the others.
    expect(Math.max(...busiest)).toBeLessThanOrEqual(12)
  },
)
