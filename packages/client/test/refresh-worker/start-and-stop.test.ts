import { expect, test } from 'vitest'
import type { RefreshWorkerOptions } from '../../src/refresh-worker.ts'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import { lifetimeSeconds, manyGrants } from '../support/many-grants.ts'

/** A worker whose claims wait until the test releases them. */
async function scene(options: RefreshWorkerOptions = {}) {
  const many = await manyGrants()
  const claims: (() => void)[] = []
  let holds = false
  const store = {
    ...many.store,
    due: {
      ...many.store.due,
      async claim(claim: Parameters<typeof many.store.due.claim>[0]) {
        const claimed = await many.store.due.claim(claim)
        if (holds) await new Promise<void>((resolve) => claims.push(resolve))
        return claimed
      },
    },
  }
  const worker = createRefreshWorker(store, { clock: many.clock, random: () => 0, ...options })
  return {
    ...many,
    worker,
    claims,
    holdClaims() {
      holds = true
    },
    releaseClaims() {
      holds = false
      for (const release of claims.splice(0)) release()
    },
    async [Symbol.asyncDispose]() {
      await worker.stop()
      await many[Symbol.asyncDispose]()
    },
  }
}

test('refresh worker: stop wins over a start that has not finished', async () => {
  await using it = await scene()
  const starting = it.worker.start()
  await it.worker.stop()
  await starting
  expect(it.worker.stats().running).toBe(false)
  expect(it.clock.sleepers()).toBe(0)
})

test('refresh worker: start, stop, start and stop in a row leave it stopped', async () => {
  await using it = await scene()
  await Promise.all([it.worker.start(), it.worker.stop(), it.worker.start(), it.worker.stop()])
  expect(it.worker.stats().running).toBe(false)
  expect(it.clock.sleepers()).toBe(0)
  await Promise.all([it.worker.stop(), it.worker.start()])
  expect(it.worker.stats().running).toBe(true)
})

test.each(['start', 'run', 'whenIdle'] as const)(
  'refresh worker: a stop during a claim of %s leaves nothing under way',
  { tags: ['C-52'] },
  async (when) => {
    await using it = await scene()
    await it.signIn('ann')
    if (when !== 'start') {
      await it.worker.start()
      await it.clock.untilSleeping()
    }
    it.holdClaims()
    it.clock.advanceSeconds(lifetimeSeconds * 0.9)
    const working = when === 'start' ? it.worker.start() : undefined
    const idle = when === 'whenIdle' ? it.worker.whenIdle() : undefined
    await expect.poll(() => it.claims.length).toBe(1)
    const stopping = it.worker.stop()
    it.releaseClaims()
    await Promise.all([stopping, working, idle])
    const requests = it.as.refreshRequests()
    expect(it.worker.stats()).toMatchObject({ running: false, inFlight: 0 })
    await new Promise(setImmediate)
    it.clock.advanceSeconds(60)
    await new Promise(setImmediate)
    expect(it.as.refreshRequests()).toBe(requests)
    expect(it.worker.stats()).toMatchObject({ running: false, inFlight: 0, servers: [] })
  },
)
