import { expect, test } from 'vitest'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import { lifetimeSeconds, manyGrants } from '../support/many-grants.ts'

test(
  'refresh worker: during an outage, all workers together try the server with one request at a time',
  { tags: ['C-53', 'C-55'] },
  async () => {
    await using many = await manyGrants()
    const { clock, store, observe } = many
    for (let user = 1; user <= 60; user += 1) await many.signIn(`user-${user}`)
    let failing = true
    const sentAt: number[] = []
    const workers = [1, 2, 3].map(() =>
      createRefreshWorker(store, {
        clock,
        observe,
        maximumConcurrentRefreshes: 6,
        async fetch(input, init) {
          sentAt.push(clock.nowEpochSeconds())
          return failing ? new Response('', { status: 503 }) : await fetch(input, init)
        },
      }),
    )
    clock.advanceSeconds(lifetimeSeconds * 0.86)
    await Promise.all(workers.map((worker) => worker.start()))

    async function pass(seconds: number): Promise<void> {
      for (let tenth = 0; tenth < seconds * 10; tenth += 1) {
        clock.advanceSeconds(0.1)
        await Promise.all(workers.map((worker) => worker.whenIdle()))
      }
    }
    await pass(300)
    // Six at first, and then one after each back-off, which grows to a minute.
    expect(sentAt.length).toBeGreaterThan(6)
    expect(sentAt.length).toBeLessThanOrEqual(6 + 12)
    failing = false
    await pass(90)
    expect(many.as.count('token', 'refreshed')).toBe(60)
    expect(many.as.refreshRequests()).toBe(60)
    await Promise.all(workers.map((worker) => worker.stop()))
  },
)

test(
  'refresh worker: the backlog of one server does not keep the grants of another one waiting',
  { tags: ['C-55'] },
  async () => {
    await using many = await manyGrants()
    await using small = await manyGrants({}, many.store)
    for (let user = 1; user <= 60; user += 1) await many.signIn(`user-${user}`)
    const { clock, store } = many
    small.clock.advanceSeconds(0)
    await small.signIn('ann')
    const answers = Promise.withResolvers<void>()
    const worker = createRefreshWorker(store, {
      clock,
      maximumConcurrentRefreshes: 8,
      maximumInFlight: 16,
      random: () => 0,
      async fetch(input, init) {
        if (new Request(input).url.startsWith(many.as.issuer)) await answers.promise
        return await fetch(input, init)
      },
    })
    await worker.start()
    await clock.untilSleeping()
    clock.advanceSeconds(lifetimeSeconds * 0.86)
    await expect
      .poll(
        () => {
          clock.advanceSeconds(0.1)
          return small.as.count('token', 'refreshed')
        },
        { interval: 5 },
      )
      .toBe(1)
    // The others have not reached the time limit of their requests yet.
    expect(clock.nowEpochSeconds()).toBeLessThan(1_800_000_000 + lifetimeSeconds)
    answers.resolve()
    await worker.stop()
  },
)
