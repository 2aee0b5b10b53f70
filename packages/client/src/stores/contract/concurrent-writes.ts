import type { ContractCheck } from './check.ts'
import { acquired, at, hold, one } from './check.ts'

/** Checks of concurrent writes. */
export const concurrentWriteChecks: readonly ContractCheck[] = [
  {
    name: 'exactly one of many concurrent writes that expect the same generation succeeds',
    async check(open) {
      const stores = [await open(), await open(), await open()]
      for (let generation = 0; generation < 5; generation += 1) {
        const outcomes = await Promise.all(
          Array.from({ length: 12 }, (_, index) =>
            at(stores, index).write(one, `{"writer":${index}}`, generation),
          ),
        )
        const winners = outcomes.filter((written) => written.outcome === 'written')
        hold(winners.length === 1, `one of 12 writers wins; ${winners.length} did`)
        const winner = outcomes.findIndex((written) => written.outcome === 'written')
        hold(
          (await at(stores, 0).read(one))?.body === `{"writer":${winner}}`,
          'the stored body is that of the winner',
        )
      }
    },
  },
  {
    name: 'no increment is lost when many processes read, add and write under the lock',
    async check(open) {
      const stores = [await open(), await open(), await open(), await open()]
      const rounds = 10
      await Promise.all(
        stores.map(async (store) => {
          for (let round = 0; round < rounds; round += 1) {
            const lock = await acquired(store.lock(one, { waitMilliseconds: 20_000 }))
            const stored = await store.read(one)
            const count = stored === undefined ? 0 : Number(stored.body)
            const written = await store.write(one, String(count + 1), stored?.generation ?? 0)
            hold(written.outcome === 'written', 'under the lock there is no conflict')
            await lock.release()
          }
        }),
      )
      const total = (await at(stores, 0).read(one))?.body
      hold(
        total === String(stores.length * rounds),
        `all ${stores.length * rounds} increments count; ${total} did`,
      )
    },
  },
  {
    name: 'exactly one of many concurrent removals succeeds',
    async check(open) {
      const stores = [await open(), await open(), await open()]
      await at(stores, 0).write(one, '1', 0)
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, (_, index) => at(stores, index).remove(one, 1)),
      )
      const winners = outcomes.filter((outcome) => outcome === 'removed')
      hold(winners.length === 1, `one of 12 removes the record; ${winners.length} did`)
    },
  },
  {
    name: 'a process that lost its lock cannot overwrite the record of the next holder',
    async check(open) {
      const [late, next] = [await open(), await open()]
      const lock = await acquired(late.lock(one))
      const first = await late.write(one, '"late"', 0)
      hold(first.outcome === 'written', 'the holder writes')
      await lock.release()
      const nextLock = await acquired(next.lock(one))
      const read = await next.read(one)
      await next.write(one, '"next"', read?.generation ?? 0)
      const overwriting = await late.write(one, '"late again"', first.generation)
      hold(
        overwriting.outcome === 'conflict',
        'a write that expects an older generation is a conflict',
      )
      hold((await next.read(one))?.body === '"next"', 'the record of the next holder stays')
      await nextLock.release()
    },
  },
]
