import { expect, test } from 'vitest'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import { lifetimeSeconds, manyGrants } from '../support/many-grants.ts'

/** From the earliest time at which a grant is due, whatever its jitter, until its token expires. */
const marginSeconds = lifetimeSeconds * 0.2

/** A machine whose clock can be set back. As on a real machine, its timers do not change then. */
async function scene(options: Parameters<typeof createRefreshWorker>[1] = {}) {
  const many = await manyGrants()
  let errorSeconds = 0
  const clock = {
    nowEpochSeconds: () => many.clock.nowEpochSeconds() + errorSeconds,
    sleep: (milliseconds: number, signal?: AbortSignal) => many.clock.sleep(milliseconds, signal),
  }
  const { observe } = many
  const worker = createRefreshWorker(many.store, { clock, observe, random: () => 0, ...options })
  return {
    ...many,
    worker,
    setBack(seconds: number) {
      errorSeconds -= seconds
    },
    /**
     * Lets the worker run, without a call of its `whenIdle`. The clock stands still during a request:
     * on a busy machine, it would otherwise time out, and the seconds would end before the work does.
     */
    async refreshedWithin(seconds: number, count: number) {
      const end = many.clock.nowEpochSeconds() + seconds
      await expect
        .poll(() => {
          const stats = worker.stats()
          const isRefreshing = stats.servers.some(({ refreshing }) => refreshing > 0)
          if (!isRefreshing && many.clock.nowEpochSeconds() < end) many.clock.advanceSeconds(1)
          return { refreshed: many.as.count('token', 'refreshed'), stats, events: many.events }
        })
        .toMatchObject({ refreshed: count })
    },
    async [Symbol.asyncDispose]() {
      await worker.stop()
      await many[Symbol.asyncDispose]()
    },
  }
}

test(
  'refresh worker: still asks for due grants after the clock was set back',
  { tags: ['C-55'] },
  async () => {
    await using it = await scene()
    await it.signIn('ann')
    await it.worker.start()
    await it.clock.untilSleeping()
    it.setBack(7200)
    it.clock.advanceSeconds(lifetimeSeconds * 0.8)
    await it.refreshedWithin(marginSeconds, 1)
    expect(it.as.refreshRequests()).toBe(1)
  },
)

test(
  'refresh worker: still gets places at a server after the clock was set back',
  { tags: ['C-55'] },
  async () => {
    await using it = await scene({ maximumRefreshesPerSecond: 2 })
    await it.signIn('ann')
    await it.worker.start()
    await it.clock.untilSleeping()
    it.clock.advanceSeconds(lifetimeSeconds * 0.8)
    await it.refreshedWithin(marginSeconds, 1)
    await it.signIn('bob')
    it.setBack(7200)
    it.clock.advanceSeconds(lifetimeSeconds * 0.8)
    await it.refreshedWithin(marginSeconds, 3)
    expect(it.as.refreshRequests()).toBe(3)
  },
)

test(
  'refresh worker: a pause ends at its time after the clock was set back, and is reported by the clock',
  { tags: ['C-53', 'C-55'] },
  async () => {
    await using it = await scene()
    await it.signIn('ann')
    await it.worker.start()
    await it.clock.untilSleeping()
    it.as.faults.token.push({ kind: 'status', status: 503, headers: { 'retry-after': '20' } })
    it.clock.advanceSeconds(lifetimeSeconds * 0.86)
    await expect
      .poll(() => it.worker.stats().servers[0]?.pausedUntilEpochSeconds)
      .toBe(it.clock.nowEpochSeconds() + 20)
    it.setBack(7200)
    expect(it.worker.stats().servers[0]?.pausedUntilEpochSeconds).toBe(
      it.clock.nowEpochSeconds() - 7200 + 20,
    )
    await it.refreshedWithin(60, 1)
  },
)
