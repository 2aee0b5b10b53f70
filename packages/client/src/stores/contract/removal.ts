import type { ContractCheck } from './check.ts'
import { collect, hold, one, other } from './check.ts'

/** Checks of removing records and setting them aside. */
export const removalChecks: readonly ContractCheck[] = [
  {
    name: 'a removal expects the stored generation',
    async check(open) {
      const store = await open()
      await store.write(one, '1', 0)
      await store.write(one, '2', 1)
      hold((await store.remove(one, 1)) === 'conflict', 'an older generation is a conflict')
      hold((await store.read(one))?.body === '2', 'the record is still there')
      hold((await store.remove(one, 2)) === 'removed', 'the stored generation is removed')
      hold((await store.read(one)) === undefined, 'the record is absent afterwards')
    },
  },
  {
    name: 'an absent record is removed only with generation 0',
    async check(open) {
      const store = await open()
      hold((await store.remove(one, 0)) === 'removed', 'generation 0 stands for an absent record')
      hold((await store.remove(one, 1)) === 'conflict', 'any other generation is a conflict')
      await store.write(one, '1', 0)
      hold((await store.remove(one, 0)) === 'conflict', 'an existing record has another generation')
      hold((await store.read(one))?.body === '1', 'the record stays')
    },
  },
  {
    name: 'a record that is set aside frees its name',
    async check(open) {
      const store = await open()
      await store.write(one, '"odd"', 0)
      await store.setAside(one, 1)
      await store.setAside(one, 1)
      hold((await store.read(one)) === undefined, 'its name is free')
      hold((await collect(store)).length === 0, 'it is not listed')
      hold(
        (await store.write(one, '"new"', 0)).outcome === 'written',
        'a new record can be written',
      )
    },
  },
  {
    name: 'a record that was replaced is not set aside',
    async check(open) {
      const [late, writer] = [await open(), await open()]
      await writer.write(one, '"odd"', 0)
      await writer.write(one, '"replaced"', 1)
      await late.setAside(one, 1)
      hold((await writer.read(one))?.body === '"replaced"', 'the new record stays')
      await late.setAside(other, 0)
      hold((await collect(writer)).join() === one.id, 'an absent record is not an error')
    },
  },
]
