import { describe, expect, test } from 'vitest'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import { lifetimeSeconds, manyGrants } from '../support/many-grants.ts'
import { noteMissing, sharedStores } from '../support/shared-stores.ts'
import { skewedClock } from '../support/skewed-clock.ts'

/** How far the clock of each machine is ahead. */
const clockErrorsSeconds = [110, -110, 0]

for (const kind of sharedStores) {
  noteMissing(`${kind.name}: refresh workers on several machines`, kind)

  describe.runIf(kind.url !== undefined)(
    `${kind.name}: refresh workers on several machines`,
    () => {
      test(
        'refresh workers: refresh every grant once for each expiry, ahead of it, even if their clocks differ',
        { tags: ['C-51', 'C-55'] },
        async () => {
          const shared = await kind.open()
          const { store } = await shared.machine()
          await using many = await manyGrants({}, store)
          for (let user = 1; user <= 30; user += 1) await many.signIn(`user-${user}`)
          const workers = await Promise.all(
            clockErrorsSeconds.map(async (errorSeconds) =>
              createRefreshWorker((await shared.machine()).store, {
                clock: skewedClock(many.clock, errorSeconds),
                observe: many.observe,
                // Early, because the clock of the store also counts the real time of this test.
                timing: { aheadFraction: 0.3 },
              }),
            ),
          )
          await Promise.all(workers.map((worker) => worker.start()))
          for (let passed = 0; passed < 2700; passed += 15) {
            await shared.age(15)
            many.clock.advanceSeconds(15)
            await Promise.all(workers.map((worker) => worker.whenIdle()))
          }
          // Due between 700 and 835 seconds after the last one: three times in 2700 seconds.
          expect(many.as.count('token', 'refreshed')).toBe(90)
          expect(many.as.refreshRequests()).toBe(90)
          const reasons = many.events.flatMap((event) =>
            event.type === 'refresh-started' ? [event.reason] : [],
          )
          expect(new Set(reasons)).toEqual(new Set(['ahead-of-expiry']))
          await Promise.all(workers.map((worker) => worker.stop()))
          await shared.close()
        },
      )

      test(
        'refresh workers: a concurrent restart of all sends each refresh once',
        { tags: ['C-51'] },
        async () => {
          const shared = await kind.open()
          const { store } = await shared.machine()
          await using many = await manyGrants({}, store)
          for (let user = 1; user <= 30; user += 1) await many.signIn(`user-${user}`)
          await shared.age(lifetimeSeconds)
          many.clock.advanceSeconds(lifetimeSeconds)
          const workers = await Promise.all(
            clockErrorsSeconds.map(async (errorSeconds) =>
              createRefreshWorker((await shared.machine()).store, {
                clock: skewedClock(many.clock, errorSeconds),
              }),
            ),
          )
          await Promise.all(workers.map((worker) => worker.start()))
          await Promise.all(workers.map((worker) => worker.whenIdle()))
          expect(many.as.count('token', 'refreshed')).toBe(30)
          expect(many.as.refreshRequests()).toBe(30)
          await Promise.all(workers.map((worker) => worker.stop()))
          await shared.close()
        },
      )
    },
  )
}
